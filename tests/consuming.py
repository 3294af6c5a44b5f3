"""A context's consumer beside a loop that records in memory, for tests of the bus."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from ecommerce.aggregates.inventory import CompensateStock, ReserveStock
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.sharing import BEAT, beat
from ecommerce.events.orders import CompensateInventory
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Recorded
from ecommerce.store.unit import Answer, KeyReused, Unit
from facts import order_created
from recording import recorded
from shop_bus import MEMBERS, Bus
from writing import until

RETRIES = (0.01, 0.01, 0.01)
"""Seconds between the tries of a message, where a test has no minute for it."""


class Loop:
    """Records units in memory, each key once, as the command loop does."""

    def __init__(self, fail: Callable[[Unit], Exception | None] = lambda _: None) -> None:
        self.recorded: dict[str, Unit] = {}
        self.fail = fail
        self.tries: Counter[str] = Counter()
        self.running: Counter[str] = Counter()
        self.at_once = 0
        self.go = asyncio.Event()
        self.go.set()

    async def submit(self, unit: Unit) -> Answer:
        order_id = order_of(unit)
        self.tries[order_id] += 1
        self.running[order_id] += 1
        self.at_once = max(self.at_once, self.running.total())
        assert self.running[order_id] == 1, "a key overtook itself"
        try:
            await self.go.wait()
            await asyncio.sleep(0)
            if error := self.fail(unit):
                raise error
            if self.recorded.setdefault(unit.key, unit).digest != unit.digest:
                raise KeyReused(KeyReused.__doc__)
        finally:
            self.running[order_id] -= 1
        return Answer((), len(self.recorded))

    def has(self, count: int) -> Callable[[], Any]:
        async def reached() -> bool:
            return len(self.recorded) >= count

        return reached


def order_of(unit: Unit) -> str:
    command = unit.command
    assert isinstance(command, ReserveStock | CompensateStock)
    return command.order_id


async def beating(pool: Pool, instance: str) -> None:
    """Show that an instance lives for as long as this runs, as its consumer does."""
    while True:
        await beat(pool, instance)
        await asyncio.sleep(BEAT)


def created(order_id: str) -> Recorded[Any]:
    return recorded(replace(order_created, order_id=order_id), 1)


def compensate(order_id: str, version: int = 2) -> Recorded[Any]:
    return recorded(CompensateInventory(order_id, ("TEA",)), version)


@asynccontextmanager
async def consuming(shop: Bus, pool: Pool, loop: Loop, name: str = "a") -> AsyncIterator[Consumer]:
    """Run inventory's consumer, and drain it at the end of the block."""
    consumer = Consumer(
        MEMBERS["inventory"], shop.url("inventory"), pool, loop.submit, name, RETRIES
    )
    run = asyncio.ensure_future(consumer.run())
    try:
        yield consumer
    finally:
        loop.go.set()
        await consumer.drain()
        await run


async def parked(pool: Pool) -> list[tuple[Any, ...]]:
    async with pool.connection() as db:
        rows = await db.execute("select key, message_id, reason, attempts from parked order by id")
        return await rows.fetchall()


async def parks(pool: Pool, count: int) -> None:
    async def reached() -> bool:
        return len(await parked(pool)) >= count

    await until(reached)
