"""However many write, in however many processes: each version once, and no stale refusal."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from accounts import Deposit
from banking import bank
from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import AdjustStock, ReceiveStock, ReserveStock, Stock
from ecommerce.events.inventory import ReservedUnits
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.folds import Versioned
from writing import looping, rows, unit, versions

pytestmark = pytest.mark.servers

TOPICS = "select topic, count(*) from events group by topic"


def reserve(order: str, *skus: str) -> ReserveStock:
    return ReserveStock(order, tuple(ReservedUnits(sku, 1) for sku in skus))


async def test_two_processes_that_write_one_stream_get_each_version_once(url: str) -> None:
    async with bank(url) as one, bank(url) as other:
        for name, each in (("one", one), ("other", other)):
            each.ask((f"{name}-{n}", Deposit("a", 1)) for n in range(150))
        replies = [*await one.read(150), *await other.read(150)]
    events = sorted(event for reply in replies for event in reply.events or ())
    assert events == sorted(f"account-a@{n}" for n in range(1, 301))
    assert await versions(url, "a") == list(range(1, 301))


async def test_three_processes_on_one_hot_sku_refuse_nothing_that_is_there(url: str) -> None:
    async with looping(url, inventory) as loop:
        await loop.submit(unit(ReceiveStock("HOT", 180)))
    async with AsyncExitStack() as stack:
        decider = "ecommerce.aggregates.inventory"
        shops = [await stack.enter_async_context(bank(url, decider)) for _ in range(3)]
        for number, shop in enumerate(shops):
            # Some at once and some one by one, so that the processes meet in every way.
            shop.ask((f"{number}-{n}", reserve(f"{number}-{n}", "HOT")) for n in range(60))
        replies = [reply for shop in shops for reply in await shop.read(60)]
        (late,) = await shops[0].carry_out(("late", reserve("late", "HOT")))
    assert [reply.error for reply in replies] == [""] * 180
    assert late.events == ("reservation-late@1",)
    assert dict(await rows(url, TOPICS)) == {
        "stock.UnitsReceived.v1": 1,
        "stock.UnitsReserved.v1": 180,
        "reservation.StockReserved.v1": 180,
        "reservation.StockReservationFailed.v1": 1,
    }


async def test_a_stale_state_that_is_held_never_refuses_what_is_there(url: str) -> None:
    async with looping(url, inventory) as loop:
        for units in (1, 4):
            await loop.submit(unit(ReceiveStock("TEA", units)))
        loop._held.hold("stock-TEA", Versioned(1, Stock(1)))
        await loop.submit(unit(AdjustStock("TEA", -3, "three are broken")))
        await loop.submit(unit(reserve("7", "TEA")))
    assert dict(await rows(url, TOPICS))["reservation.StockReserved.v1"] == 1


async def test_a_unit_over_675_streams_is_atomic_and_finishes_beside_200_orders_a_second(
    url: str,
) -> None:
    skus = [f"SKU{n}" for n in range(674)]
    async with looping(url, inventory) as loop, looping(url, inventory) as shop:
        await asyncio.gather(*(loop.submit(unit(ReceiveStock(sku, 1000))) for sku in skus))
        small = asyncio.create_task(one_line_orders(shop, skus, seconds=2.5))
        await asyncio.sleep(0.5)
        answer = await loop.submit(unit(reserve("all", *skus)))
        assert not small.done()
        positions = await small
    assert len(answer.events) == 675
    own = "select notification_id from events where originator_id || '@' || originator_version"
    found = await rows(url, f"{own} = any(%s) order by 1", list(answer.events))
    last = answer.position
    assert [position for (position,) in found] == list(range(last - 674, last + 1))
    assert min(positions) < last < max(positions)
    assert len(positions) > 300
    reserved = Counter(dict(await rows(url, TOPICS)))["stock.UnitsReserved.v1"]
    assert reserved == 674 + len(positions)


async def one_line_orders(shop: CommandLoop, skus: list[str], seconds: float) -> list[int]:
    """Place 200 orders a second, and say at which positions they were recorded."""
    clock = asyncio.get_running_loop().time
    began, placed = clock(), list[asyncio.Task[int]]()
    while (passed := clock() - began) < seconds:
        while len(placed) < passed * 200:
            order = reserve(f"small-{len(placed)}", skus[len(placed) % len(skus)])
            placed.append(asyncio.create_task(position_of(shop, order)))
        await asyncio.sleep(0.005)
    return await asyncio.gather(*placed)


async def position_of(shop: CommandLoop, order: ReserveStock) -> int:
    answer = await shop.submit(unit(order))
    assert len(answer.events) == 2
    return answer.position
