from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from ecommerce.bus.republish import republish
from private_broker import PrivateBroker, private_broker
from readside import until
from small_shop import WRITERS, SmallShop, small_shop

pytestmark = pytest.mark.servers

OUTAGE = float(os.environ.get("ECOMMERCE_TEST_OUTAGE_SECONDS", "3"))
"""Seconds for which the broker is away, beside those of its start; 30 in `make test-long`."""

SETTLED = 3.0
"""Seconds: a queue declared just before its broker is killed loses what it has, by any version."""

AT_REST = 40.0 + 4 * OUTAGE
"""Seconds in which all that was placed meanwhile has to come to its end."""

AT_ONCE = 4
"""Orders that are placed together, up to twenty times a second."""


@pytest.fixture
def broker() -> Iterator[PrivateBroker]:
    with private_broker() as made:
        yield made


async def rest(shop: SmallShop, orders: list[str]) -> None:
    """Wait until all orders are confirmed and audit knows all about them; then look closely."""
    count = len(orders)

    async def confirmed() -> bool:
        done = shop.has("orders", "OrderConfirmed", count)
        return await done() and await shop.timeline() >= await shop.public_steps()

    await until(confirmed, AT_REST)
    await shop.expect_all_done(orders)
    assert await shop.timeline() == await shop.public_steps()


async def test_after_the_broker_was_lost_republishing_ends_every_order_and_heals_every_history(
    broker: PrivateBroker, postgres: str
) -> None:
    early, later, last = ([f"{name}{n}" for n in range(10)] for name in ("early", "later", "last"))
    async with small_shop(broker.bus, postgres) as shop, shop.audited(), shop.runs("orders"):
        async with shop.runs("inventory"):
            await shop.stock()
            await asyncio.gather(*map(shop.place, early))
            await until(shop.has("inventory", "StockReserved", 10))
        await asyncio.gather(*map(shop.place, later))
        await until(shop.has("orders", "OrderCreated", 20))
        # Now `early` waits in payments' queues, and `later` in inventory's too.
        broker.kill()
        broker.lose_data()
        await asyncio.gather(*map(shop.place, last))
        await asyncio.to_thread(broker.start)
        async with shop.runs("inventory", "payments"):
            await until_confirmed(shop, last)
            assert await shop.told("orders", "early0") == ["OrderCreated"]
            assert await shop.told("inventory", "later0") == []
            for context in WRITERS:
                async with shop.pools[context].connection() as db:
                    assert await republish(db, context, 1) > 0
            await rest(shop, [*early, *later, *last])


async def until_confirmed(shop: SmallShop, orders: list[str]) -> None:
    async def confirmed() -> bool:
        found = [await shop.told("orders", order) for order in orders]
        return all("OrderConfirmed" in types for types in found)

    await until(confirmed, AT_REST)


async def test_a_broker_killed_and_away_under_load_loses_nothing_and_doubles_nothing(
    broker: PrivateBroker, postgres: str
) -> None:
    orders: list[str] = []
    enough = asyncio.Event()
    async with small_shop(broker.bus, postgres) as shop, shop.audited(), shop.runs(*WRITERS):
        await shop.stock()
        loading = asyncio.ensure_future(load(shop, orders, enough))
        await asyncio.sleep(SETTLED)
        broker.kill()
        await asyncio.sleep(OUTAGE)
        await asyncio.to_thread(broker.start)
        before = len(orders)

        async def goes_on() -> bool:
            return len(orders) > before + 10 * AT_ONCE

        await until(goes_on, AT_REST)
        enough.set()
        await loading
        await rest(shop, orders)
    assert len(orders) > 30 * (SETTLED + OUTAGE)


async def load(shop: SmallShop, orders: list[str], enough: asyncio.Event) -> None:
    """Place orders until there are enough."""
    while not enough.is_set():
        together = [f"order{len(orders) + number}" for number in range(AT_ONCE)]
        await asyncio.gather(*map(shop.place, together))
        orders += together
        await asyncio.sleep(0.05)
