from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from subprocess import DEVNULL, Popen

import psutil
import pytest

from ecommerce.bus.history import read_history
from ecommerce.bus.relay import leader
from ecommerce.events.inventory import UnitsReceived
from ecommerce.sandbox import ports
from ecommerce.store.connection import Pool
from readside import append, connected, database, until
from running_shop import ECOMMERCE
from servers import Broker
from shop_bus import Bus, bus

pytestmark = pytest.mark.servers

SOON = 10.0
"""Seconds in which another has to take over."""

STARTED = 20.0


@pytest.fixture
async def shop(rabbitmq: Broker) -> AsyncIterator[Bus]:
    async with bus(rabbitmq) as made:
        yield made


@pytest.fixture
async def url(postgres: str) -> AsyncIterator[str]:
    async with database(postgres) as made:
        yield made


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(url) as opened:
        yield opened


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


async def published(pool: Pool, position: int, seconds: float) -> None:
    async def reached() -> bool:
        async with pool.connection() as db:
            row = await (await db.execute("select position from relay")).fetchone()
            return bool(row and row[0] == position)

    await until(reached, seconds)


async def faulty(process: Popen[bytes]) -> None:
    """Wait until the fault has come over the process."""

    async def met() -> bool:
        return process.poll() is not None or psutil.Process(process.pid).status() == "stopped"

    await until(met)


async def links(shop: Bus, count: int) -> list[tuple[int, int]]:
    """List `previous` and `position` of all messages, in order, until this position has come."""
    found: list[tuple[int, int]] = []
    there = asyncio.Event()
    async with shop.channel("catalog") as channel:
        await channel.set_qos(10_000)
        history = await channel.get_queue("inventory.history", ensure=False)

        async def note(message: object) -> None:
            headers = message.headers  # type: ignore[attr-defined] # of aio_pika's message
            found.append((headers["previous"], headers["position"]))
            if headers["position"] == count:
                there.set()

        await history.consume(note, arguments={"x-stream-offset": "first"})
        async with asyncio.timeout(SOON):
            await there.wait()
    return found


async def expect_no_gap(shop: Bus, count: int) -> None:
    """See that each message was preceded by the one that it names, and that readers get all."""
    highest = 0
    for previous, position in await links(shop, count):
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


def receipts(count: int) -> list[UnitsReceived]:
    return [UnitsReceived("TEA", number) for number in range(1, count + 1)]


async def test_when_the_leader_is_killed_in_a_batch_another_goes_on_without_a_gap(
    shop: Bus, url: str, pool: Pool
) -> None:
    with serving(shop, url, "relay.published:kill@3") as first:
        await leads(pool, first)
        with serving(shop, url) as second:
            await append(pool, *receipts(1000))
            await faulty(first)
            assert first.wait() == -signal.SIGKILL
            await leads(pool, second, SOON)
            await published(pool, 1000, SOON)
            await expect_no_gap(shop, 1000)


async def test_when_the_leader_is_stopped_in_a_batch_another_goes_on_and_it_joins_in_again(
    shop: Bus, url: str, pool: Pool
) -> None:
    with serving(shop, url, "relay.published:stop@3") as first:
        await leads(pool, first)
        with serving(shop, url) as second:
            await append(pool, *receipts(1000))
            await faulty(first)
            await leads(pool, second, SOON)
            await published(pool, 1000, SOON)
            first.send_signal(signal.SIGCONT)
            await append(pool, *receipts(100))
            await published(pool, 1100, SOON)
            await expect_no_gap(shop, 1100)
            second.kill()
            await append(pool, *receipts(100))
            await leads(pool, first, SOON)
            await published(pool, 1200, SOON)
            await expect_no_gap(shop, 1200)
