from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

import bus_probe
from ecommerce.bus.message import write
from ecommerce.events.orders import CompensateInventory
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import encode, routing_key
from readside import until
from recording import recorded
from shop_bus import Bus

pytestmark = pytest.mark.servers

MESSAGES = int(os.environ.get("ECOMMERCE_TEST_MESSAGES", "10000"))
"""How many messages are sent while instances come and go. By hand, try 50,000."""

FEW = 3_000
"""How many are sent while an instance stands still."""

KEYS = 100
SOON = 5.0
"""Seconds in which the queues have to be shared evenly again, whatever has happened."""

STARTING = 5.0
"""Seconds that three Python processes may take to begin, on a busy machine."""

NAMES = "abc"


@pytest.fixture
async def pool(pool: Pool) -> Pool:
    async with pool.connection() as db:
        await db.execute(bus_probe.TABLE)
    return pool


class Instances:
    """The running instances, each a process of its own."""

    def __init__(self, shop: Bus, url: str) -> None:
        self._arguments = (
            sys.executable,
            str(Path(bus_probe.__file__)),
            shop.url("inventory"),
            url,
        )
        self._path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.processes: dict[str, Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        for name in names:
            self.processes[name] = Popen((*self._arguments, name), env=os.environ | self._path)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def freeze(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)


@contextmanager
def instances(shop: Bus, url: str) -> Iterator[Instances]:
    running = Instances(shop, url)
    try:
        yield running
    finally:
        for name in list(running.processes):
            running.kill(name)


async def spread(pool: Pool, names: str, shares: list[int], seconds: float) -> None:
    """Wait until just these instances run, and each consumes its share of the queues."""
    query = "select instance, queues from shares where told_at > now() - interval '1 second'"

    async def as_wanted() -> bool:
        async with pool.connection() as db:
            found: dict[str, int] = dict(await (await db.execute(query)).fetchall())
        return (sorted(found), sorted(found.values())) == (list(names), shares)

    await until(as_wanted, seconds)


async def publish(shop: Bus, numbers: range) -> None:
    """Publish messages: the n-th of all is the next one of the key n % KEYS."""
    async with shop.channel("orders") as channel:
        target = await channel.get_exchange("orders.events", ensure=False)
        for start in range(numbers.start, numbers.stop, 200):
            page = range(start, min(start + 200, numbers.stop))
            await asyncio.gather(*(target.publish(*message(number)) for number in page))


def message(number: int) -> tuple[Any, str]:
    key, version = f"k{number % KEYS}", number // KEYS + 1
    event = recorded(CompensateInventory(key, ("TEA",)), version)
    name = routing_key("order.CompensateInventory.v1", event.stream)
    return write(encode(event), number + 1, number), name


async def noted(pool: Pool) -> list[tuple[str, str]]:
    """List all that was noted, in the order of the log: the stream and the message's id."""
    query = """
        select originator_id, convert_from(state, 'UTF8')::jsonb -> 'data' ->> 'text' from events
        order by notification_id
    """
    async with pool.connection() as db:
        return [tuple(row) for row in await (await db.execute(query)).fetchall()]


async def all_noted(pool: Pool, count: int, seconds: float) -> None:
    async def there() -> bool:
        async with pool.connection() as db:
            row = await (await db.execute("select count(*) from events")).fetchone()
            return row is not None and row[0] >= count

    await until(there, seconds)


async def none_overtaken(pool: Pool, count: int) -> None:
    """Assert that of so many messages each was noted once, those of a key in order."""
    found: dict[str, list[str]] = {}
    for stream, event_id in await noted(pool):
        found.setdefault(stream, []).append(event_id)
    assert found == {
        f"account-k{key}": [
            f"order-k{key}@{version}" for version in range(1, len(range(key, count, KEYS)) + 1)
        ]
        for key in range(KEYS)
    }


async def test_three_instances_share_three_queues_and_no_key_overtakes_itself(
    shop: Bus, own_url: str, pool: Pool
) -> None:
    third = MESSAGES // 3
    with instances(shop, own_url) as running:
        running.start(*NAMES)
        await spread(pool, "abc", [1, 1, 1], STARTING + SOON)
        sending = asyncio.ensure_future(publish(shop, range(MESSAGES)))
        await all_noted(pool, third, MESSAGES / 100)
        running.kill("b")
        await spread(pool, "ac", [1, 2], SOON)
        await all_noted(pool, 2 * third, MESSAGES / 100)
        running.start("b")
        await spread(pool, "abc", [1, 1, 1], STARTING + SOON)
        await sending
        await all_noted(pool, MESSAGES, MESSAGES / 100)
    await none_overtaken(pool, MESSAGES)


async def test_an_instance_that_stands_still_and_comes_back_overtakes_nobody(
    shop: Bus, own_url: str, pool: Pool
) -> None:
    """The others have its queues, and its messages once the broker has given up on it."""
    with instances(shop, own_url) as running:
        running.start(*NAMES)
        await spread(pool, "abc", [1, 1, 1], STARTING + SOON)
        sending = asyncio.ensure_future(publish(shop, range(FEW)))
        await all_noted(pool, FEW // 4, SOON)
        running.freeze("b")
        await spread(pool, "ac", [1, 2], SOON)
        await shop.break_connections("inventory consumer b")
        await sending
        await all_noted(pool, FEW, MESSAGES / 100)
        running.thaw("b")
        await spread(pool, "abc", [1, 1, 1], SOON)
    await none_overtaken(pool, FEW)
