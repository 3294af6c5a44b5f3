from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError

from ecommerce.bus.acknowledging import Acknowledging


class Channel:
    """Notes what a broker would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bool] | int] = []
        self.open = True
        self.go = asyncio.Event()
        self.go.set()

    async def basic_ack(self, tag: int, *, multiple: bool, wait: bool) -> None:
        assert not wait
        await self.go.wait()
        if not self.open:
            raise ChannelInvalidStateError("closed")
        self.sent.append((tag, multiple))

    async def basic_reject(self, tag: int, *, requeue: bool) -> None:
        assert not requeue
        self.sent.append(tag)


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def acknowledging(channel: Channel) -> Acknowledging:
    made = Acknowledging(cast("AbstractChannel", channel))
    for tag in range(1, 7):
        made.take(tag)
    return made


async def finish(acknowledging: Acknowledging, *tags: int) -> None:
    for tag in tags:
        acknowledging.finish(tag)
    await acknowledging.flush()


async def test_what_is_done_together_is_acknowledged_as_one(
    acknowledging: Acknowledging, channel: Channel
) -> None:
    await finish(acknowledging, 2, 1, 3)
    await finish(acknowledging, 4)
    assert channel.sent == [(3, True), (4, True)]


async def test_what_is_in_hand_is_not_acknowledged_with_what_came_after_it(
    acknowledging: Acknowledging, channel: Channel
) -> None:
    await finish(acknowledging, 1, 3, 4, 6)
    await finish(acknowledging, 2, 5)
    assert channel.sent == [(1, True), (3, False), (4, False), (6, False), (5, True)]


async def test_what_is_rejected_is_not_acknowledged(
    acknowledging: Acknowledging, channel: Channel
) -> None:
    await acknowledging.reject(2)
    await finish(acknowledging, 1, 3)
    assert channel.sent == [2, (3, True)]


async def test_what_is_done_while_others_are_sent_is_sent_after_them(
    acknowledging: Acknowledging, channel: Channel
) -> None:
    channel.go.clear()
    acknowledging.finish(1)
    await asyncio.sleep(0)
    acknowledging.finish(2)
    channel.go.set()
    await acknowledging.flush()
    assert channel.sent == [(1, True), (2, True)]


@pytest.mark.parametrize("abandoned", [False, True])
async def test_a_channel_that_is_gone_keeps_nobody_waiting(
    acknowledging: Acknowledging,
    channel: Channel,
    abandoned: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    channel.open = False
    if abandoned:
        channel.go.clear()
        asyncio.get_running_loop().call_soon(acknowledging.abandon)
    await finish(acknowledging, 1)
    assert channel.sent == []
