from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from subprocess import DEVNULL, Popen

import psutil
import pytest

from ecommerce.bus.election import leader
from ecommerce.bus.history import read_history
from ecommerce.sandbox import ports
from ecommerce.store.connection import Pool
from readside import append, until
from relaying import Messages, history, links, reaches, receipts
from running_shop import ECOMMERCE
from shop_bus import Bus

pytestmark = pytest.mark.servers

SOON = 10.0
"""Seconds in which another has to take over."""

STARTED = 20.0


@contextmanager
def serving(shop: Bus, url: str, faults: str = "") -> Iterator[Popen[bytes]]:
    """Run inventory's service as a process until the end of the block."""
    settings = {"DATABASE_URL": url, "AMQP_URL": shop.url("inventory")}
    settings["HTTP_PORT"] = str(*ports.pick(1))
    words = (ECOMMERCE, "serve", "inventory", "--faults", faults)
    process = Popen(words, env=os.environ | settings, stdout=DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def leads(pool: Pool, process: Popen[bytes], seconds: float = STARTED) -> None:
    async def it_does() -> bool:
        async with pool.connection() as db:
            return (await leader(db) or "").endswith(f"-{process.pid}")

    await until(it_does, seconds)


async def faulty(process: Popen[bytes]) -> None:
    """Wait until the fault has come over the process."""

    async def met() -> bool:
        return process.poll() is not None or psutil.Process(process.pid).status() == "stopped"

    await until(met)


async def expect_no_gap(shop: Bus, count: int) -> None:
    """See that each message was preceded by the one that it names, and that readers get all."""

    def has_come(found: Messages) -> bool:
        return any(position == count for _, position in links(found))

    found = await history(shop, has_come, SOON)
    highest = 0
    for previous, position in links(found):
        assert previous <= highest
        highest = max(highest, position)
    read: list[int] = []
    pages = read_history(shop.url("catalog"), "inventory", 0)
    async with asyncio.timeout(SOON), aclosing(pages):
        async for page in pages:
            assert page, "there is a gap"
            read += [position for position, *_ in page]
            if read[-1] == count:
                break
    assert read == [*range(1, count + 1)]


async def test_when_the_leader_is_killed_in_a_batch_another_goes_on_without_a_gap(
    shop: Bus, own_url: str, pool: Pool
) -> None:
    with serving(shop, own_url, "relay.published:kill@3") as first:
        await leads(pool, first)
        with serving(shop, own_url) as second:
            await append(pool, *receipts(1000))
            await faulty(first)
            assert first.wait() == -signal.SIGKILL
            await leads(pool, second, SOON)
            await reaches(pool, 1000, seconds=SOON)
            await expect_no_gap(shop, 1000)


async def test_when_the_leader_is_stopped_in_a_batch_another_goes_on_and_it_joins_in_again(
    shop: Bus, own_url: str, pool: Pool
) -> None:
    with serving(shop, own_url, "relay.published:stop@3") as first:
        await leads(pool, first)
        with serving(shop, own_url) as second:
            await append(pool, *receipts(1000))
            await faulty(first)
            await leads(pool, second, SOON)
            await reaches(pool, 1000, seconds=SOON)
            first.send_signal(signal.SIGCONT)
            await append(pool, *receipts(100))
            await reaches(pool, 1100, seconds=SOON)
            await expect_no_gap(shop, 1100)
            second.kill()
            await append(pool, *receipts(100))
            await leads(pool, first, SOON)
            await reaches(pool, 1200, seconds=SOON)
            await expect_no_gap(shop, 1200)
