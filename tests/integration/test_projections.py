from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from ecommerce.events.catalog import ProductAdded
from ecommerce.events.inventory import StockReserved, UnitsReceived, UnitsReserved
from ecommerce.kernel import Event, Money
from ecommerce.projections import movements, price_list, products, runner, stock
from ecommerce.projections.feed import Feed, Overtaken, Stopped
from ecommerce.projections.price_list import Price
from ecommerce.projections.products import Product
from ecommerce.projections.projection import Projection
from ecommerce.projections.runner import Projector
from ecommerce.projections.stock import Stock
from ecommerce.store.connection import Pool
from readside import (
    History,
    append,
    connected,
    database,
    feeds,
    no_history,
    page,
    rows,
    running,
    until,
    variant,
)
from recording import fold

pytestmark = pytest.mark.servers

PRICE = Money(399, "GBP")
SKUS = ("TEA", "MUG", "POT")


@pytest.fixture
async def url(postgres: str) -> AsyncIterator[str]:
    async with database(postgres) as made:
        yield made


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _small_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAGE", 10)
    monkeypatch.setattr(runner, "PAUSES", (0.01,))


def movements_of(count: int) -> list[Event]:
    return [UnitsReceived(SKUS[number % 3], number + 1) for number in range(count)]


def projector(pool: Pool, url: str, *projections: Projection, context: str) -> Projector:
    return Projector(context, projections, pool, url, no_history)


async def reached(subject: Projector, position: int) -> None:
    async def holds() -> bool:
        return {each.position for each in await subject.progress()} == {position}

    await until(holds)


def counts(events: list[Event]) -> list[Any]:
    return sorted(fold(stock, *events).values(), key=lambda row: row.sku)


async def test_the_log_becomes_rows(pool: Pool, url: str) -> None:
    await append(pool, *movements_of(25), StockReserved("7", ()), UnitsReserved("TEA", "7", 2))
    subject = projector(pool, url, stock, movements, context="inventory")
    assert not await subject.caught_up({"inventory": 27})
    async with running(subject.run()):
        await reached(subject, 27)
        assert await subject.caught_up({"inventory": 27})
        assert not await subject.caught_up({"inventory": 28})
        assert subject.positions.keys() == {("stock", "inventory"), ("movements", "inventory")}
        await append(pool, UnitsReceived("CUP", 1))
        subject.wake()
        await reached(subject, 28)
    expected = counts([*movements_of(25), UnitsReserved("TEA", "7", 2), UnitsReceived("CUP", 1)])
    assert await rows(pool, stock) == expected
    assert len(await rows(pool, movements)) == 27


async def test_what_is_folded_live_is_what_a_replay_gives(pool: Pool, url: str) -> None:
    events = movements_of(60)
    live = projector(pool, url, stock, context="inventory")
    async with running(live.run()):
        for event in events:
            await append(pool, event)
            live.wake()
        await reached(live, 60)
    again = variant(stock, DDL=stock.DDL + "-- of another shape")
    replay = projector(pool, url, again, context="inventory")
    async with running(replay.run()):
        await reached(replay, 60)
    assert await rows(pool, stock, 2) == await rows(pool, stock, 1) == counts(events)


async def test_a_page_that_is_lost_changes_nothing_and_is_folded_again(pool: Pool) -> None:
    fails = iter([False] * 7 + [True])

    def evolve(row: Any, recorded: Any) -> Any:
        if next(fails, False):
            raise psycopg.OperationalError("the server is gone")
        return stock.evolve(row, recorded)

    events = movements_of(10)
    (feed,) = (await feeds(pool, variant(stock, evolve=evolve))).values()
    await feed.fold(page(*events[:5]))
    with pytest.raises(psycopg.OperationalError):
        await feed.fold(page(*events[5:], after=5))
    assert await rows(pool, stock) == counts(events[:5])
    (after,) = (await feeds(pool, stock)).values()
    assert after.position == 5
    await after.fold(page(*events[5:], after=5))
    assert await rows(pool, stock) == counts(events)


async def test_a_commit_whose_answer_is_lost_is_not_repeated(pool: Pool) -> None:
    (feed,) = (await feeds(pool, stock)).values()
    await feed.fold(page(*movements_of(5)))
    feed.position = 0
    with pytest.raises(Overtaken, match="inventory@0"):
        await feed.fold(page(*movements_of(5)))
    assert await rows(pool, stock) == counts(movements_of(5))
    assert await feed.resume() == 5


async def test_a_runner_that_is_ended_again_and_again_counts_each_event_once(
    pool: Pool, url: str
) -> None:
    events, chance = movements_of(200), random.Random(7)  # noqa: S311 - only when to end it
    await append(pool, *events)
    subject = projector(pool, url, stock, context="inventory")
    for _ in range(12):
        async with running(subject.run()):
            await asyncio.sleep(chance.uniform(0.02, 0.08))
    async with running(subject.run()):
        await reached(subject, 200)
    assert await rows(pool, stock) == counts(events)


async def test_two_runners_that_both_think_they_lead_count_each_event_once(
    pool: Pool, url: str
) -> None:
    events = movements_of(200)
    overtaken = 0

    async def race(opened: Pool) -> None:
        nonlocal overtaken
        (feed,) = (await feeds(opened, stock)).values()
        while feed.position < len(events):
            end = feed.position + 5
            try:
                await feed.fold(page(*events[feed.position : end], after=feed.position))
            except Overtaken:
                overtaken += 1
                await feed.resume()

    async with connected(url) as other:
        await asyncio.gather(race(pool), race(other))
    assert overtaken > 0
    assert await rows(pool, stock) == counts(events)


async def test_two_sources_of_one_row_never_overwrite_each_other(pool: Pool, url: str) -> None:
    async def add(feed: Feed, make: Callable[[int], Event]) -> None:
        for number in range(60):
            await feed.fold(page(make(number), after=number))

    async with connected(url) as other:
        mine, others = await feeds(pool, products), await feeds(other, products)
        await asyncio.gather(
            add(mine["catalog"], lambda number: ProductAdded("TEA", f"Tea {number}", PRICE)),
            add(others["inventory"], lambda _: UnitsReceived("TEA", 1)),
        )
    assert await rows(pool, products) == [Product("TEA", "Tea 59", 399, "GBP", on_hand=60)]


async def test_a_row_can_be_deleted_and_made_again(pool: Pool) -> None:
    def evolve(row: Any, recorded: Any) -> Any:
        return None if recorded.event.quantity == 5 else stock.evolve(row, recorded)

    (feed,) = (await feeds(pool, variant(stock, evolve=evolve))).values()
    await feed.fold(page(*(UnitsReceived("TEA", quantity) for quantity in (1, 5, 2))))
    assert await rows(pool, stock) == [Stock("TEA", 2)]
    await feed.fold(page(UnitsReceived("TEA", 5), after=3))
    assert await rows(pool, stock) == []


async def test_a_projection_that_cannot_take_an_event_stops_alone(pool: Pool, url: str) -> None:
    def evolve(row: Any, recorded: Any) -> Any:
        if recorded.position == 17:
            raise ValueError("seventeen")
        return stock.evolve(row, recorded)

    events = movements_of(25)
    await append(pool, *events)
    subject = projector(pool, url, variant(stock, evolve=evolve), movements, context="inventory")

    async def stopped() -> bool:
        progress = await subject.progress()
        return any(each.error for each in progress) and 25 in {each.position for each in progress}

    async with running(subject.run()):
        await until(stopped)
        (at,) = [each for each in await subject.progress() if each.projection == "stock"]
        assert at.position == 16
        assert at.error == "stock stops before inventory@17 (stock-MUG@17): ValueError: seventeen"
        assert subject.leading
        assert await subject.caught_up({"inventory": 25})
    assert await rows(pool, stock) == counts(events[:16])
    mended = projector(pool, url, stock, movements, context="inventory")
    async with running(mended.run()):
        await reached(mended, 25)
        assert [each.error for each in await mended.progress()] == [None, None]
    assert await rows(pool, stock) == counts(events)


async def test_a_row_that_the_table_refuses_stops_the_projection_without_quoting_it(
    pool: Pool,
) -> None:
    refusing = stock.DDL.replace("reserved bigint not null", "reserved bigint check (reserved < 9)")
    (feed,) = (await feeds(pool, variant(stock, DDL=refusing))).values()
    events = [UnitsReceived("TEA", 1), UnitsReserved("TEA", "7", 9), UnitsReceived("TEA", 1)]
    with pytest.raises(Stopped, match=r"stock-TEA@2.*CheckViolation") as refusal:
        await feed.fold(page(*events))
    assert "TEA, 1, 9" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert await rows(pool, stock) == [Stock("TEA", 1)]


async def test_another_contexts_events_come_from_its_history(pool: Pool, url: str) -> None:
    added = [ProductAdded(sku, sku.title(), PRICE) for sku in SKUS]
    read = page(*added)
    history = History([read[:2], read[:2], read], losses=3)
    subject = Projector("orders", [price_list], pool, url, history.read)
    async with running(subject.run()):
        await reached(subject, 3)
    assert history.asked[0] == 0
    assert history.asked[-1] == 2
    assert await rows(pool, price_list) == [
        Price(sku, sku.title(), 399, "GBP") for sku in sorted(SKUS)
    ]


async def test_one_process_leads_and_another_follows_when_it_ends(pool: Pool, url: str) -> None:
    first = projector(pool, url, stock, context="inventory")
    second = projector(pool, url, stock, context="inventory")

    async def leads() -> bool:
        return first.leading

    async def takes_over() -> bool:
        return second.leading

    async with running(first.run()) as (task,):
        await until(leads)
        async with running(second.run()):
            await append(pool, *movements_of(5))
            await reached(first, 5)
            assert not second.leading
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await append(pool, *movements_of(5))
            await until(takes_over)
            await reached(second, 10)
    assert (first.leading, second.leading) == (False, False)


async def test_it_goes_on_after_the_server_has_ended_every_session(pool: Pool, url: str) -> None:
    subject = projector(pool, url, stock, context="inventory")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> %s"
    async with running(subject.run()):
        await append(pool, *movements_of(5))
        await reached(subject, 5)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
            await other.execute(end, (other.info.dbname, other.info.backend_pid))
            cursor = await other.execute("select count(*) from stock_g1.stock")
            assert await cursor.fetchone() == (3,)
        async with connected(url) as fresh:
            await append(fresh, *movements_of(5))
            await reached(projector(fresh, url, stock, context="inventory"), 10)
    async with connected(url) as fresh:
        assert await rows(fresh, stock) == counts([*movements_of(5), *movements_of(5)])


async def test_a_context_without_projections_has_nothing_to_run(pool: Pool, url: str) -> None:
    await projector(pool, url, context="notifications").run()
