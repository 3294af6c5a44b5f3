from __future__ import annotations

import asyncio
import random
import select
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
import pytest

import readside
from ecommerce.events.catalog import ProductAdded
from ecommerce.events.inventory import StockReserved, UnitsReceived, UnitsReserved
from ecommerce.events.orders import OrderDelivered
from ecommerce.kernel import Event, Money
from ecommerce.projections import (
    following,
    log,
    movements,
    order_timeline,
    price_list,
    products,
    sagas,
    stock,
)
from ecommerce.projections.election import lead
from ecommerce.projections.feed import Feed, Overtaken, Stopped
from ecommerce.projections.generations import prepare
from ecommerce.projections.price_list import Price
from ecommerce.projections.products import Product
from ecommerce.projections.projection import Projection
from ecommerce.projections.runner import Projector
from ecommerce.projections.stock import Stock
from ecommerce.projections.table import Table
from ecommerce.store.connection import Connection, Pool
from ecommerce.store.log import documents as read_documents
from facts import order_created
from readside import (
    PATIENCE,
    History,
    append,
    connected,
    documents,
    feeds,
    no_history,
    rows,
    running,
    until,
    variant,
)
from recording import fold

pytestmark = pytest.mark.servers

PRICE = Money(399, "GBP")
SKUS = ("TEA", "MUG", "POT")


@pytest.fixture(autouse=True)
def _small_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PAGE", 10)
    monkeypatch.setattr(following, "PAUSES", (0.01,))


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


async def test_the_log_becomes_rows(pool: Pool, own_url: str) -> None:
    await append(pool, *movements_of(25), StockReserved("7", ()), UnitsReserved("TEA", "7", 2))
    subject = projector(pool, own_url, stock, movements, context="inventory")
    assert (await subject.checks({}))["stock"] == "not made yet"
    async with running(subject.run()):
        await reached(subject, 27)
        assert await subject.checks({"inventory": 27}) == {"stock": True, "movements": True}
        behind = "at inventory@27 of 28"
        assert await subject.checks({"inventory": 28}) == {"stock": behind, "movements": behind}
        await append(pool, UnitsReceived("CUP", 1))
        subject.wake()
        await reached(subject, 28)
    expected = counts([*movements_of(25), UnitsReserved("TEA", "7", 2), UnitsReceived("CUP", 1)])
    assert await rows(pool, stock) == expected
    assert len(await rows(pool, movements)) == 27


async def test_what_is_folded_live_is_what_a_replay_gives(pool: Pool, own_url: str) -> None:
    events = movements_of(60)
    live = projector(pool, own_url, stock, context="inventory")
    async with running(live.run()):
        for event in events:
            await append(pool, event)
            live.wake()
        await reached(live, 60)
    again = variant(stock, DDL=stock.DDL + "-- of another shape")
    replay = projector(pool, own_url, again, context="inventory")
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
    await readside.fold(feed, *events[:5])
    with pytest.raises(psycopg.OperationalError):
        await readside.fold(feed, *events[5:])
    assert await rows(pool, stock) == counts(events[:5])
    (after,) = (await feeds(pool, stock)).values()
    assert after.position == 5
    await readside.fold(after, *events[5:])
    assert await rows(pool, stock) == counts(events)


async def test_a_commit_whose_answer_is_lost_is_not_repeated(pool: Pool) -> None:
    (feed,) = (await feeds(pool, stock)).values()
    await readside.fold(feed, *movements_of(5))
    feed.position = 0
    with pytest.raises(Overtaken, match="inventory@0"):
        await readside.fold(feed, *movements_of(5))
    assert await rows(pool, stock) == counts(movements_of(5))
    assert await feed.resume() == 5


async def test_a_runner_that_is_ended_again_and_again_counts_each_event_once(
    pool: Pool, own_url: str
) -> None:
    events, chance = movements_of(200), random.Random(7)
    await append(pool, *events)
    subject = projector(pool, own_url, stock, context="inventory")
    for _ in range(12):
        async with running(subject.run()):
            await asyncio.sleep(chance.uniform(0.02, 0.08))
    async with running(subject.run()):
        await reached(subject, 200)
    assert await rows(pool, stock) == counts(events)


async def test_two_runners_that_both_think_they_lead_count_each_event_once(
    pool: Pool, own_url: str
) -> None:
    events = movements_of(200)
    overtaken = 0

    async def race(opened: Pool) -> None:
        nonlocal overtaken
        (feed,) = (await feeds(opened, stock)).values()
        while feed.position < len(events):
            end = feed.position + 5
            try:
                await readside.fold(feed, *events[feed.position : end])
            except Overtaken:
                overtaken += 1
                await feed.resume()

    async with connected(own_url) as other:
        await asyncio.gather(race(pool), race(other))
    assert overtaken > 0
    assert await rows(pool, stock) == counts(events)


async def test_two_sources_of_one_row_never_overwrite_each_other(pool: Pool, own_url: str) -> None:
    async def add(feed: Feed, make: Callable[[int], Event]) -> None:
        for number in range(60):
            await readside.fold(feed, make(number))

    async with connected(own_url) as other:
        mine, others = await feeds(pool, products), await feeds(other, products)
        await asyncio.gather(
            add(mine["catalog"], lambda number: ProductAdded("TEA", f"Tea {number}", PRICE)),
            add(others["inventory"], lambda _: UnitsReceived("TEA", 1)),
        )
    assert await rows(pool, products) == [
        Product("TEA", "Tea 59", 399, "GBP", on_hand=60, revision=60)
    ]


async def test_a_row_can_be_deleted_and_made_again(pool: Pool) -> None:
    def evolve(row: Any, recorded: Any) -> Any:
        return None if recorded.event.quantity == 5 else stock.evolve(row, recorded)

    (feed,) = (await feeds(pool, variant(stock, evolve=evolve))).values()
    await readside.fold(feed, *(UnitsReceived("TEA", quantity) for quantity in (1, 5, 2)))
    assert await rows(pool, stock) == [Stock("TEA", 2)]
    await readside.fold(feed, UnitsReceived("TEA", 5))
    assert await rows(pool, stock) == []


async def test_a_projection_that_cannot_take_an_event_stops_alone(pool: Pool, own_url: str) -> None:
    def evolve(row: Any, recorded: Any) -> Any:
        if recorded.position == 17:
            raise ValueError("seventeen")
        return stock.evolve(row, recorded)

    events = movements_of(25)
    await append(pool, *events)
    subject = projector(
        pool, own_url, variant(stock, evolve=evolve), movements, context="inventory"
    )

    async def stopped() -> bool:
        progress = await subject.progress()
        return any(each.error for each in progress) and 25 in {each.position for each in progress}

    async with running(subject.run()):
        await until(stopped)
        (at,) = [each for each in await subject.progress() if each.projection == "stock"]
        assert at.position == 16
        assert at.error == "stock stops before inventory@17 (stock-MUG@17): ValueError: seventeen"
        assert await subject.checks({}) == {"stock": at.error, "movements": True}
    assert await rows(pool, stock) == counts(events[:16])
    mended = projector(pool, own_url, stock, movements, context="inventory")
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
        await readside.fold(feed, *events)
    assert "TEA, 1, 9" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert await rows(pool, stock) == [Stock("TEA", 1)]


async def test_another_contexts_events_come_from_its_history(pool: Pool, own_url: str) -> None:
    added = [ProductAdded(sku, sku.title(), PRICE) for sku in SKUS]
    read = documents(*added)
    history = History([read[:2], read[:2], read], losses=3)
    subject = Projector("orders", [price_list], pool, own_url, history.read)
    async with running(subject.run()):
        await reached(subject, 3)
    assert history.asked[0] == 0
    assert history.asked[-1] == 2
    assert await rows(pool, price_list) == [
        Price(sku, sku.title(), 399, "GBP") for sku in sorted(SKUS)
    ]


async def test_a_gap_in_a_history_is_told_until_it_is_closed(pool: Pool, own_url: str) -> None:
    read = documents(ProductAdded("TEA", "Tea", PRICE), ProductAdded("MUG", "Mug", PRICE))
    closed = asyncio.Event()

    async def history(_source: str, _after: int) -> AsyncGenerator[readside.Documents, None]:
        yield read[:1]
        yield []
        await closed.wait()
        yield read[1:]
        await asyncio.Future()

    subject = Projector("orders", [price_list], pool, own_url, history)

    async def told() -> bool:
        gap = "a gap: what follows catalog@1 is missing"
        return await subject.checks({}) == {"price_list": gap}

    async with running(subject.run()):
        await until(told)
        closed.set()
        await reached(subject, 2)
        assert await subject.checks({"catalog": 2}) == {"price_list": True}


class Orders:
    """The history of orders, and of others who have said nothing; who asked from where is noted."""

    def __init__(self, *events: Event) -> None:
        self.read = documents(*events)
        self.asked: list[tuple[str, int]] = []

    async def history(self, source: str, after: int) -> AsyncGenerator[readside.Documents, None]:
        self.asked.append((source, after))
        if source == "orders":
            yield [each for each in self.read if each[0] > after]
        await asyncio.Future()


async def test_a_history_is_read_once_for_all_who_are_about_as_far(
    pool: Pool, own_url: str
) -> None:
    orders = Orders(order_created, OrderDelivered("7"))
    subject = Projector("audit", [order_timeline, sagas], pool, own_url, orders.history)
    async with running(subject.run()):
        await until(partial(_are_at, subject, "orders", {"order_timeline": 2, "sagas": 2}))
    assert sorted(orders.asked) == [
        (source, 0) for source in ("inventory", "notifications", "orders", "payments")
    ]
    assert [row.order_id for row in await rows(pool, sagas)] == ["7"]
    assert len(await rows(pool, order_timeline)) == 2


async def test_who_is_far_behind_reads_a_history_alone(pool: Pool, own_url: str) -> None:
    orders = Orders(order_created)
    subject = Projector("audit", [order_timeline, sagas], pool, own_url, orders.history)
    await prepare(pool, [order_timeline, sagas])
    async with pool.connection() as db:
        await db.execute("update positions set position = 5000 where projection = 'order_timeline'")
    async with running(subject.run()):
        await until(partial(_are_at, subject, "orders", {"order_timeline": 5000, "sagas": 1}))
    assert {("orders", 0), ("orders", 5000)} <= {*orders.asked}


async def test_who_stops_leaves_the_history_to_the_others(pool: Pool, own_url: str) -> None:
    def refuse(*_: Any) -> None:
        raise ValueError("not this one")

    orders = Orders(order_created)
    stopping = variant(sagas, evolve=refuse)
    subject = Projector("audit", [order_timeline, stopping], pool, own_url, orders.history)
    async with running(subject.run()):
        await until(partial(_are_at, subject, "orders", {"order_timeline": 1, "sagas": 0}))

        async def told() -> bool:
            return "not this one" in str((await subject.checks({}))["sagas"])

        await until(told)
    assert len(orders.asked) == 4


async def _are_at(subject: Projector, source: str, positions: dict[str, int]) -> bool:
    found = {each.projection: each for each in await subject.progress() if each.source == source}
    return {name: each.position for name, each in found.items()} == positions


async def test_each_page_of_the_log_is_read_and_decoded_once_for_all(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def noting(db: Connection, after: int, limit: int) -> Any:
        asked.append(after)
        return await read_documents(db, after, limit)

    monkeypatch.setattr(log, "documents", noting)
    await append(pool, *movements_of(15))
    reading = log.Log(pool, [stock, movements])
    for position in (0, 10):
        first, *others = await asyncio.gather(*(reading.after(position) for _ in range(3)))
        for page in others:
            assert all(mine is other for mine, other in zip(first, page, strict=True))
    waiting = [asyncio.ensure_future(reading.after(15)) for _ in range(3)]
    await append(pool, UnitsReceived("TEA", 1))
    async with running(reading.run()):
        reading.wake()
        for page in await asyncio.gather(*waiting):
            assert [entry.position for entry in page] == [16]
    assert asked == [0, 10, 15]


async def test_a_projection_far_behind_holds_nobody_up(pool: Pool) -> None:
    await append(pool, *movements_of(25))
    reading = log.Log(pool, [stock])
    async with running(reading.run()):
        await reading.after(20)
        assert [each.position for each in await reading.after(0)] == [*range(1, 11)]
        waiting = asyncio.ensure_future(reading.after(25))
        assert [each.position for each in await reading.after(5)] == [*range(6, 11)]
        await append(pool, UnitsReceived("TEA", 1))
        reading.wake()
        assert [each.position for each in await waiting] == [26]


async def test_an_event_that_cannot_be_decoded_stops_only_who_reads_its_type(
    pool: Pool, own_url: str
) -> None:
    await append(pool, UnitsReceived("TEA", 1), StockReserved("7", ()), UnitsReceived("TEA", 1))
    async with pool.connection() as db:
        await db.execute(
            "update events set state = convert_to(replace(convert_from(state, 'utf8'),"
            " '\"items\":[]', '\"items\":0'), 'utf8')"
        )
    reads_it = variant(
        stock,
        NAME="all",
        DDL=stock.DDL.replace("table stock", 'table "all"'),
        Source=stock.Source | StockReserved,
    )
    subject = projector(pool, own_url, stock, reads_it, context="inventory")

    async def stopped() -> bool:
        checks = await subject.checks({"inventory": 3})
        return checks["stock"] is True and "inventory@2" in str(checks["all"])

    async with running(subject.run()):
        await until(stopped)


async def test_a_process_that_stood_still_in_a_transaction_goes_on(pool: Pool) -> None:
    frozen = iter([True])

    class Frozen(Table):
        async def save(self, db: Connection, rows: Any) -> None:
            if next(frozen, False):
                await db.execute("set local idle_in_transaction_session_timeout = 1")
                await ended(db)
            await super().save(db, rows)

    (feed,) = (await feeds(pool, stock)).values()
    feed._table = Frozen(stock, 1)
    # The server says why and hangs up; who writes meanwhile may see the end alone.
    with pytest.raises((psycopg.errors.IdleInTransactionSessionTimeout, psycopg.OperationalError)):
        await readside.fold(feed, *movements_of(4))
    await readside.fold(feed, *movements_of(4))
    assert await rows(pool, stock) == counts(movements_of(4))


async def ended(db: Connection) -> None:
    """Wait until the server has ended a session."""
    async with asyncio.timeout(PATIENCE):
        await asyncio.to_thread(select.select, [db.pgconn.socket], [], [])


async def test_one_process_leads_and_another_follows_when_it_ends(own_url: str) -> None:
    led: list[str] = []

    async def work(name: str) -> None:
        led.append(name)
        await asyncio.Future()

    async def leads() -> bool:
        return bool(led)

    async def both() -> bool:
        return len(led) == 2

    async with running(lead(own_url, lambda: work("first"))) as (task,):
        await until(leads)
        async with running(lead(own_url, lambda: work("second"))):
            await asyncio.sleep(0.05)
            assert led == ["first"]
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await until(both)
    assert led == ["first", "second"]


async def test_it_goes_on_after_the_server_has_ended_every_session(
    pool: Pool, own_url: str
) -> None:
    subject = projector(pool, own_url, stock, context="inventory")
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> %s"
    async with running(subject.run()):
        await append(pool, *movements_of(5))
        await reached(subject, 5)
        async with await psycopg.AsyncConnection.connect(own_url, autocommit=True) as other:
            await other.execute(end, (other.info.dbname, other.info.backend_pid))
            cursor = await other.execute("select count(*) from stock_g1.stock")
            assert await cursor.fetchone() == (3,)
        async with connected(own_url) as fresh:
            await append(fresh, *movements_of(5))
            await reached(projector(fresh, own_url, stock, context="inventory"), 10)
    async with connected(own_url) as fresh:
        assert await rows(fresh, stock) == counts([*movements_of(5), *movements_of(5)])


async def test_a_context_without_projections_has_nothing_to_run(pool: Pool, own_url: str) -> None:
    await projector(pool, own_url, context="notifications").run()
