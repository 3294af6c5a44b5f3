"""Orders, inventory and payments in one process, by their real parts, and audit's timeline."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from ecommerce.aggregates.inventory import ReceiveStock
from ecommerce.aggregates.orders import PlaceOrder
from ecommerce.aggregates.payments import SucceedPayment
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.history import read_history
from ecommerce.bus.relay import Relay
from ecommerce.contexts import CONTEXTS
from ecommerce.events.payments import PaymentStarted
from ecommerce.kernel import Command
from ecommerce.projections import order_timeline
from ecommerce.projections.runner import Projector
from ecommerce.store.batch import Batch
from ecommerce.store.call_worker import CallWorker
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Cause, Recorded
from ecommerce.store.unit import Unit, digest
from facts import order_created
from readside import connected, database, rows, running
from shop_bus import Bus

WRITERS = ("orders", "inventory", "payments")
PLENTY = 100_000
IN_ORDER = {
    "orders": ["OrderCreated", "OrderConfirmed"],
    "inventory": ["StockReserved", "UnitsReserved", "UnitsReserved"],
    "payments": ["PaymentRequested", "PaymentStarted", "PaymentSucceeded"],
}
"""What each log holds of an order that has come to its end; payments may note an early hint too."""


class SmallShop:
    """The shop's databases, and what is outside of it: the charges that were made."""

    def __init__(self, bus: Bus, urls: Mapping[str, str], pools: Mapping[str, Pool]) -> None:
        self.charged: Counter[str] = Counter()
        self.pools = pools
        self._bus = bus
        self._urls = urls
        self._loops: dict[str, CommandLoop] = {}

    @asynccontextmanager
    async def runs(self, *contexts: str) -> AsyncIterator[None]:
        """Run these contexts until the end of the block."""
        async with AsyncExitStack() as stack:
            for name in contexts:
                await stack.enter_async_context(self._runs(name))
            yield

    @asynccontextmanager
    async def _runs(self, name: str) -> AsyncIterator[None]:
        context, url, pool = CONTEXTS[name], self._urls[name], self.pools[name]
        committed, called, ready = (asyncio.Event() for _ in range(3))

        def wake(_: Batch) -> None:
            committed.set()
            called.set()

        loop = CommandLoop(
            name,
            context.decider,  # type: ignore[arg-type] # these three have one
            url,
            calls=context.intents,
            withdraws=context.withdraws,
            timers=dict.fromkeys(context.timers, 900),
            ends=context.ends,
            on_commit=wake,
        )
        instance = uuid4().hex[:8]
        relay = Relay(name, self._bus.url(name), url, instance, committed)
        consumer = Consumer(context.member, self._bus.url(name), pool, loop.submit, instance)
        worker = CallWorker(pool, loop.submit, {PaymentStarted: self._charge}, called)
        calling = [worker.run()] if context.intents else []
        async with running(loop.run(ready), relay.run(), consumer.run(), *calling):
            await ready.wait()
            self._loops[name] = loop
            try:
                yield
            finally:
                await consumer.drain()
                await loop.stop()

    async def _charge(self, intent: Recorded[PaymentStarted], _key: str) -> Command:
        self.charged[intent.event.order_id] += 1
        return SucceedPayment(intent.event.order_id, "ch_1")

    @asynccontextmanager
    async def audited(self) -> AsyncIterator[None]:
        """Run audit's projection of all the others' histories until the end of the block."""
        history = partial(read_history, self._bus.url("audit"))
        url, pool = self._urls["audit"], self.pools["audit"]
        projector = Projector("audit", [order_timeline], pool, url, history)
        async with running(projector.run()):
            yield

    async def stock(self) -> None:
        """Put more on the shelf than anybody will order."""
        for sku in ("TEA", "MUG"):
            await self._submit("inventory", ReceiveStock(sku, PLENTY), sku)

    async def place(self, order_id: str) -> None:
        """Place an order."""
        fact = order_created
        command = PlaceOrder(
            order_id,
            fact.owner,
            fact.customer,
            fact.shipping_address,
            fact.payment_method,
            fact.lines,
            fact.charges,
            fact.placed_at,
        )
        await self._submit("orders", replace(command, reference=order_id), order_id)

    async def _submit(self, context: str, command: Command, key: str) -> None:
        cause = Cause(key, "test", "ann")
        await self._loops[context].submit(Unit(f"http:{key}", digest(key), cause, command))

    async def log(self, context: str) -> list[dict[str, Any]]:
        """Read a context's log."""
        async with self.pools[context].connection() as db:
            cursor = await db.execute("select state from events order by notification_id")
            return [msgspec.json.decode(state) for (state,) in await cursor.fetchall()]

    def has(self, context: str, kind: str, count: int) -> Callable[[], Awaitable[bool]]:
        """Ask whether a context has recorded so many events of a kind, and published them all."""

        async def reached() -> bool:
            found = sum(event["type"] == kind for event in await self.log(context))
            query = "select position >= (select max(notification_id) from events) from relay"
            async with self.pools[context].connection() as db:
                row = await (await db.execute(query)).fetchone()
            return found >= count and bool(row and row[0])

        return reached

    async def told(self, context: str, order_id: str) -> list[str]:
        """List the types of what a context has recorded of an order."""
        events = await self.log(context)
        return [event["type"] for event in events if event["correlationid"] == order_id]

    async def timeline(self) -> set[str]:
        """List the ids of all that audit knows."""
        return {step.id for step in await rows(self.pools["audit"], order_timeline)}

    async def parked(self) -> int:
        """Count what was parked, anywhere."""
        counts = []
        for context in WRITERS:
            async with self.pools[context].connection() as db:
                row = await (await db.execute("select count(*) from parked")).fetchone()
                counts.append(row[0] if row else 0)
        return sum(counts)

    async def expect_all_done(self, orders: Sequence[str]) -> None:
        """Hold every log, the charges and audit against what these orders must have led to."""
        for context, expected in IN_ORDER.items():
            found: dict[str, list[str]] = {order: [] for order in orders}
            for event in await self.log(context):
                if event["correlationid"] in found and event["type"] != "PaymentCleared":
                    found[event["correlationid"]].append(event["type"])
            assert found == dict.fromkeys(orders, expected)
        assert self.charged == Counter(orders)
        assert await self.parked() == 0

    async def public_steps(self) -> set[str]:
        """List the ids of all events that audit is to know."""
        logs = [await self.log(context) for context in WRITERS]
        events = [event for log in logs for event in log]
        return {e["id"] for e in events if e["type"] in TOLD}


TOLD = {event.__name__ for event in order_timeline.Source.__args__}


@asynccontextmanager
async def small_shop(bus: Bus, admin: str) -> AsyncIterator[SmallShop]:
    """Make the databases, and drop them after."""
    async with AsyncExitStack() as stack:
        names = (*WRITERS, "audit")
        urls = {name: await stack.enter_async_context(database(admin)) for name in names}
        pools = {
            name: await stack.enter_async_context(connected(url)) for name, url in urls.items()
        }
        yield SmallShop(bus, urls, pools)
