"""Who ends at about the same time goes on together, and nobody waits for long."""

from __future__ import annotations

import asyncio

import pytest

from ecommerce.store import gathering
from ecommerce.store.gathering import Gathering, rest

LONG = 60.0


async def test_one_alone_does_not_wait() -> None:
    async with asyncio.timeout(1):
        assert await Gathering(LONG).join(asyncio.sleep(0, "done")) == "done"


async def test_the_first_waits_for_the_last() -> None:
    gathering, going = Gathering(LONG), [asyncio.Event() for _ in range(3)]
    tasks = [asyncio.create_task(gathering.join(event.wait())) for event in going]
    await asyncio.sleep(0.01)
    for event in going[:2]:
        event.set()
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in tasks)
    going[2].set()
    assert await asyncio.gather(*tasks) == [True] * 3


async def test_nobody_waits_for_longer_than_told() -> None:
    gathering, never = Gathering(0.01), asyncio.Event()
    slow = asyncio.create_task(gathering.join(never.wait()))
    for _ in range(2):
        async with asyncio.timeout(1):
            assert await gathering.join(asyncio.sleep(0, "done")) == "done"
    assert not slow.done()
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_a_failure_is_told_at_once_and_holds_nobody_up() -> None:
    gathering, broken = Gathering(LONG), asyncio.Event()

    async def fail() -> None:
        await broken.wait()
        raise ConnectionError

    failing = asyncio.create_task(gathering.join(fail()))
    waiting = asyncio.create_task(gathering.join(asyncio.sleep(0, "done")))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    broken.set()
    assert await waiting == "done"
    with pytest.raises(ConnectionError):
        await failing


async def test_a_rest_is_as_long_as_the_work_and_never_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(gathering, "monotonic", lambda: 10.0)
    monkeypatch.setattr("asyncio.sleep", sleep)
    await rest(since=9.99)
    await rest(since=9.99, times=3)
    await rest(since=0.0)
    assert slept == [pytest.approx(0.01), pytest.approx(0.03), gathering.LONGEST_REST]
