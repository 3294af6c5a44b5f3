"""The demonstration, against a shop in memory, over HTTP."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from ecommerce.cli import demo, telling
from ecommerce.sandbox.catalogue import CATALOGUE
from fake_shop import FakeShop, fake_shop


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShop]:
    monkeypatch.setattr(telling, "QUIET", 0.1)
    monkeypatch.setattr(telling, "POLL", 0.01)
    with fake_shop() as shop:
        yield shop


async def shown(shop: FakeShop) -> list[str]:
    console = Console(width=80)
    with console.capture() as captured:
        await demo.run(shop.url, console.print)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_the_catalogue_reads_like_a_shop() -> None:
    assert 30 <= len(CATALOGUE) <= 50
    assert len({article.sku for article in CATALOGUE}) == len(CATALOGUE)
    assert all(article.price > 0 and article.stock > 0 for article in CATALOGUE)


async def test_a_new_shop_gets_products_stock_and_three_orders(shop: FakeShop) -> None:
    assert await demo.is_empty(shop.url)
    await shown(shop)
    assert len(shop.products) == len(CATALOGUE)
    assert shop.received == {article.sku: article.stock for article in CATALOGUE}
    assert [order["code"] for order in shop.orders.values()] == [
        None,
        "payment_failed",
        "out_of_stock",
    ]
    assert not await demo.is_empty(shop.url)


async def test_customers_are_named_and_can_get_no_real_mail(shop: FakeShop) -> None:
    await shown(shop)
    customers = [order["customer"] for order in shop.orders.values()]
    assert customers[0] == {"name": "Nora Winter", "email": "nora.winter@example.com"}
    assert all(customer["email"].endswith("@example.com") for customer in customers)


async def test_each_event_is_a_line_with_its_time_and_its_cause(shop: FakeShop) -> None:
    lines = await shown(shop)
    at = next(number for number, line in enumerate(lines) if "OrderCreated" in line)
    told = lines[at : at + 3]
    assert told == [
        "  orders          0.000 s  OrderCreated            after POST /orders",
        "  inventory       0.250 s  StockReserved           after OrderCreated",
        "  confirmed, and £51.30 are paid",
    ]
    assert "  cancelled: card [declined]" in lines
    assert "  cancelled: out of stock" in lines


async def test_an_order_that_does_not_end_is_left_to_itself(
    shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "PATIENCE", 0.1)
    shop.stuck = True
    lines = await shown(shop)
    assert lines.count("  waits for [the bank], and goes on without us") == 3


async def test_a_demonstration_that_was_cut_short_begins_anew(shop: FakeShop) -> None:
    class Stop(Exception):
        pass

    def stop(_: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        await demo.run(shop.url, stop)
    assert await demo.is_empty(shop.url)
    await shown(shop)
    assert shop.received == {article.sku: article.stock for article in CATALOGUE}


async def test_a_shop_with_products_of_its_own_is_not_empty(shop: FakeShop) -> None:
    shop.products["MINE"] = {"sku": "MINE"}
    assert not await demo.is_empty(shop.url)
