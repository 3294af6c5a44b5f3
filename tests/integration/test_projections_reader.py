from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

import readside
from ecommerce.events.catalog import ProductAdded, ProductRepriced
from ecommerce.events.inventory import UnitsAdjusted, UnitsReceived
from ecommerce.events.orders import OrderCancelled, OrderConfirmed, OrderCreated
from ecommerce.events.payments import PaymentRequested
from ecommerce.kernel import Event, Money
from ecommerce.projections import (
    movements,
    order_page,
    order_timeline,
    payment_page,
    price_list,
    products,
    sales,
    stock,
    watch,
)
from ecommerce.projections.generations import progress
from ecommerce.projections.projection import Projection
from ecommerce.projections.reader import NotYet, Reader
from ecommerce.projections.rows import MOST, bounded
from ecommerce.projections.sales import BadPeriod, DayOfSales
from ecommerce.store.connection import Connection, Pool
from facts import ANN, NOON, order_created
from readside import feeds, variant

pytestmark = pytest.mark.servers

PRICE = Money(399, "GBP")
ALL: tuple[Projection, ...] = (
    movements,
    order_page,
    order_timeline,
    payment_page,
    price_list,
    products,
    sales,
    stock,
)


@pytest.fixture
def reader(pool: Pool) -> Reader:
    return Reader(pool, ALL, wait=0.2)


async def fold(pool: Pool, projection: Projection, source: str, *events: Event) -> None:
    feed = (await feeds(pool, projection))[source]
    await readside.fold(feed, *events)


def order(number: int, **changes: Any) -> OrderCreated:
    return replace(order_created, order_id=f"o{number}", reference=f"r{number}", **changes)


async def test_a_read_sees_what_is_folded(pool: Pool, reader: Reader) -> None:
    await fold(pool, products, "catalog", ProductAdded("TEA", "Tea", PRICE))
    async with reader.read(products.NAME) as db:
        product = await products.find(db, "TEA")
        assert product
        assert (product.name, product.price) == ("Tea", PRICE)
        assert await products.find(db, "MUG") is None


async def test_a_read_sees_one_moment(pool: Pool, reader: Reader) -> None:
    await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))
    async with reader.read(stock.NAME) as db:
        before = await stock.find(db, "TEA")
        await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))
        assert await stock.find(db, "TEA") == before
    async with reader.read(stock.NAME) as db:
        assert await stock.find(db, "TEA") == stock.Stock("TEA", 2)


async def test_a_read_waits_for_its_token(pool: Pool) -> None:
    reader, began = Reader(pool, ALL), asyncio.Event()

    async def read() -> price_list.Price:
        began.set()
        async with reader.read(price_list.NAME, "catalog@2,orders@9") as db:
            return (await price_list.prices(db, ["TEA", "MUG"]))["TEA"]

    await fold(pool, price_list, "catalog", ProductAdded("TEA", "Tea", PRICE))
    reading = asyncio.ensure_future(read())
    await began.wait()
    await fold(pool, price_list, "catalog", ProductRepriced("TEA", PRICE * 2))
    assert (await reading).price == PRICE * 2


async def test_many_who_wait_cost_as_much_as_one(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def counting(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return await progress(*arguments)

    monkeypatch.setattr(watch, "progress", counting)
    await fold(pool, price_list, "catalog", ProductAdded("TEA", "Tea", PRICE))
    reader = Reader(pool, ALL, wait=1)

    async def read(token: str) -> None:
        async with reader.read(price_list.NAME, token):
            pass

    waiting = [asyncio.ensure_future(read(f"catalog@{2 + number % 2}")) for number in range(40)]
    never = [asyncio.ensure_future(read(f"catalog@{10**17}")) for _ in range(40)]
    await fold(pool, price_list, "catalog", *[ProductRepriced("TEA", PRICE * 2)] * 2)
    await asyncio.gather(*waiting)
    refused = await asyncio.gather(*never, return_exceptions=True)
    assert {type(answer) for answer in refused} == {NotYet}
    assert 0 < looks <= 1 / watch.PAUSE + 1
    before = looks
    await asyncio.sleep(3 * watch.PAUSE)
    assert looks == before


async def test_who_waits_hears_that_the_database_is_gone(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: Any) -> Any:
        raise psycopg.OperationalError

    await fold(pool, price_list, "catalog", ProductAdded("TEA", "Tea", PRICE))
    monkeypatch.setattr(watch, "progress", gone)
    with pytest.raises(psycopg.OperationalError):
        async with Reader(pool, ALL).read(price_list.NAME, "catalog@2"):
            pass


async def test_a_read_gives_up_and_says_how_far_it_is(pool: Pool, reader: Reader) -> None:
    await fold(pool, products, "catalog", ProductAdded("TEA", "Tea", PRICE))
    words = r"products has not yet read inventory@3 \(it is at 0\)\. Try again shortly\."
    with pytest.raises(NotYet, match=words):
        async with reader.read(products.NAME, "catalog@1,inventory@3,orders@7"):
            pass


async def test_a_read_model_that_nobody_has_made_is_not_there_yet(reader: Reader) -> None:
    with pytest.raises(NotYet, match="sales does not exist yet"):
        async with reader.read(sales.NAME):
            pass


async def test_code_with_rows_of_another_shape_reads_a_generation_of_its_own(pool: Pool) -> None:
    newer = variant(stock, DDL=stock.DDL + "-- of another shape")
    await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))
    await asyncio.gather(*(feeds(pool, newer) for _ in range(4)))
    await fold(pool, newer, "inventory", UnitsReceived("TEA", 1), UnitsReceived("TEA", 1))
    async with Reader(pool, [stock]).read(stock.NAME, "inventory@1") as db:
        assert await stock.find(db, "TEA") == stock.Stock("TEA", 1)
    async with Reader(pool, [newer]).read(stock.NAME, "inventory@2") as db:
        assert await stock.find(db, "TEA") == stock.Stock("TEA", 2)
    assert [each.generation for each in await progress(pool, [stock, newer])] == [1, 2]


async def test_a_connection_comes_back_as_it_was(pool: Pool, reader: Reader) -> None:
    await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))
    for _ in range(10):  # more often than psycopg runs a statement before it prepares it
        with suppress(ZeroDivisionError):
            async with reader.read(stock.NAME) as db:
                await stock.find(db, "TEA")
                raise ZeroDivisionError
    async with pool.connection() as db:
        cursor = await db.execute(
            "select current_schema(), current_setting('transaction_read_only')"
        )
        assert await cursor.fetchone() == ("public", "off")


async def test_what_ends_a_read_is_told_though_the_connection_is_gone(
    pool: Pool, reader: Reader
) -> None:
    await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))

    async def fail() -> None:
        async with reader.read(stock.NAME) as db:
            db.pgconn.finish()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


async def test_a_read_keeps_its_connection_s_prepared_statements(
    pool: Pool, reader: Reader
) -> None:
    await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))
    for _ in range(60):  # each connection runs it more often than psycopg waits to prepare it
        async with reader.read(stock.NAME) as db:
            await stock.find(db, "TEA")
    async with pool.connection() as db:
        cursor = await db.execute(
            "select bool_or(name like '_pg3%'), sum(custom_plans) filter (where name like 'open%')"
            " from pg_prepared_statements"
        )
        assert await cursor.fetchone() == (True, 0)


async def test_after_a_read_that_failed_its_connection_is_read_on(
    pool: Pool, reader: Reader
) -> None:
    await fold(pool, stock, "inventory", UnitsReceived("TEA", 1))

    async def fail() -> None:
        async with reader.read(stock.NAME) as db:
            for _ in range(6):
                await stock.find(db, "TEA")
            await db.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await fail()
    for _ in range(6):
        async with reader.read(stock.NAME) as db:
            assert await stock.find(db, "TEA") is not None


async def test_products_are_listed_by_sku_and_only_those_that_were_added(
    pool: Pool, reader: Reader
) -> None:
    await fold(pool, products, "inventory", UnitsReceived("CUP", 1), UnitsReceived("TEA", 4))
    added = (ProductAdded(sku, sku.title(), PRICE) for sku in ("TEA", "MUG", "POT"))
    await fold(pool, products, "catalog", *added)
    async with reader.read(products.NAME) as db:
        first = await products.list_products(db, None, 2)
        rest = await products.list_products(db, first[-1].sku, 2)
        assert await products.find(db, "CUP") is None
    assert [product.sku for product in (*first, *rest)] == ["MUG", "POT", "TEA"]
    assert rest[0].available == 4


async def test_orders_are_listed_from_the_newest(pool: Pool, reader: Reader) -> None:
    await fold(pool, order_page, "orders", *(order(number) for number in range(5)))
    async with reader.read(order_page.NAME) as db:
        first = await order_page.list_orders(db, limit=3)
        rest = await order_page.list_orders(db, after=first[-1].order_id, limit=3)
        assert await order_page.find(db, "o1") == rest[0]
    assert [page.order_id for page in (*first, *rest)] == ["o4", "o3", "o2", "o1", "o0"]
    assert (first[0].lines, first[0].customer) == (order_created.lines, ANN)
    assert first[0].placed_at == NOON


async def test_orders_are_found_by_owner_and_reference(pool: Pool, reader: Reader) -> None:
    await fold(
        pool, order_page, "orders", order(1), order(2, owner="bob"), order(3), order(4, owner="bob")
    )
    async with reader.read(order_page.NAME) as db:
        bobs = await order_page.list_orders(db, owner="bob")
        older = await order_page.list_orders(db, owner="bob", after="o4")
        both = await order_page.list_orders(db, owner="bob", references=["r1", "r2", "none"])
    assert [page.order_id for page in bobs] == ["o4", "o2"]
    assert [page.order_id for page in older] == ["o2"]
    assert [page.order_id for page in both] == ["o2"]


async def test_movements_are_listed_from_the_newest(pool: Pool, reader: Reader) -> None:
    moved = [UnitsReceived("TEA", 5, "d1"), UnitsReceived("MUG", 1), UnitsAdjusted("TEA", -1, "x")]
    await fold(pool, movements, "inventory", *moved)
    async with reader.read(movements.NAME) as db:
        first = await movements.list_movements(db, "TEA", None, 1)
        rest = await movements.list_movements(db, "TEA", first[-1].position, 5)
    assert [(each.position, each.quantity) for each in (*first, *rest)] == [(3, -1), (1, 5)]


async def test_sales_are_reported_by_day_and_currency(pool: Pool, reader: Reader) -> None:
    euros = Money(1000, "EUR")
    await fold(
        pool,
        sales,
        "orders",
        *(order(number) for number in range(4)),
        order(4, total=euros),
        order(5, placed_at=NOON + timedelta(days=1)),
        *(OrderConfirmed(f"o{number}", ANN, order_created.total) for number in (0, 1, 4)),
        OrderCancelled("o2", ANN, "no", "payment_failed"),
    )
    day = date(2026, 1, 5)
    async with reader.read(sales.NAME) as db:
        both = await sales.sales_by_day(db, day, day + timedelta(days=365))
        first = await sales.sales_by_day(db, day, day)
        with pytest.raises(BadPeriod, match="366 days"):
            await sales.sales_by_day(db, day, day + timedelta(days=366))
        with pytest.raises(BadPeriod):
            await sales.sales_by_day(db, day, day - timedelta(days=1))
    assert first == both[:2]
    assert both == [
        DayOfSales(day, "EUR", 1, 1, 0, {}, units=4, amount=1000),
        DayOfSales(day, "GBP", 4, 2, 1, {"payment_failed": 1}, units=8, amount=4194),
        DayOfSales(day + timedelta(days=1), "GBP", 1, 0, 1, {}, units=0, amount=0),
    ]
    assert both[0].revenue == euros


async def test_a_timeline_and_a_payment_are_found_by_order(pool: Pool, reader: Reader) -> None:
    requested = PaymentRequested("7", PRICE, "pm_card_visa")
    await fold(pool, payment_page, "payments", requested)
    await fold(pool, order_timeline, "payments", requested)
    async with reader.read(payment_page.NAME) as db:
        payment = await payment_page.find(db, "7")
        assert payment
        assert payment.due == PRICE
    async with reader.read(order_timeline.NAME) as db:
        (step,) = await order_timeline.timeline(db, "7", 10)
        assert (step.type, step.time, step.detail) == ("PaymentRequested", NOON, "£3.99")
        assert await order_timeline.timeline(db, "8", 10) == []


def test_pages_are_bounded() -> None:
    assert [bounded(limit) for limit in (-1, 0, 50, 10**9)] == [1, 1, 50, MOST]


class Explaining:
    """A connection that explains queries, as if no table were short enough to be read whole."""

    def __init__(self, db: Connection) -> None:
        self.plans: list[str] = []
        self._db = db

    async def execute(self, query: bytes, values: Any) -> Any:
        cursor = await self._db.execute(b"explain " + query, values)
        self.plans.append("\n".join(line for (line,) in await cursor.fetchall()))
        return await self._db.execute("select '[]'")


async def test_every_query_has_an_index(pool: Pool, reader: Reader) -> None:
    for projection in ALL:
        await feeds(pool, projection)
    day = date(2026, 1, 5)
    queries: list[tuple[Projection, Any]] = [
        (products, lambda db: products.find(db, "TEA")),
        (products, lambda db: products.list_products(db, "TEA", 50)),
        (price_list, lambda db: price_list.prices(db, ["TEA"])),
        (order_page, lambda db: order_page.find(db, "7")),
        (order_page, lambda db: order_page.list_orders(db, after="7")),
        (order_page, lambda db: order_page.list_orders(db, owner="ann")),
        (order_page, lambda db: order_page.list_orders(db, references=["r1"])),
        (sales, lambda db: sales.sales_by_day(db, day, day)),
        (stock, lambda db: stock.find(db, "TEA")),
        (movements, lambda db: movements.list_movements(db, "TEA", 9, 50)),
        (payment_page, lambda db: payment_page.find(db, "7")),
        (order_timeline, lambda db: order_timeline.timeline(db, "7", 50)),
    ]
    for projection, query in queries:
        async with reader.read(projection.NAME) as db:
            await db.execute("set local enable_seqscan = off")
            explaining = Explaining(db)
            await query(explaining)
            (plan,) = explaining.plans
            assert "Index" in plan
            assert "Seq Scan" not in plan
