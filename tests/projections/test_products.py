from __future__ import annotations

from ecommerce.events.catalog import ProductAdded, ProductDelisted, ProductRepriced
from ecommerce.events.inventory import (
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Money
from ecommerce.projections import price_list, products, stock
from ecommerce.projections.price_list import Price
from ecommerce.projections.products import Product
from ecommerce.projections.stock import Stock
from recording import fold

PRICE = Money(399, "GBP")

counted = (
    UnitsReceived("TEA", 10),
    UnitsReserved("TEA", "7", 4),
    UnitsAdjusted("TEA", -1, "broken"),
    UnitsReleased("TEA", "7", 3),
)


def test_a_product_has_the_last_price() -> None:
    rows = fold(products, ProductAdded("TEA", "Tea", PRICE), ProductRepriced("TEA", PRICE * 2))
    assert rows[("TEA",)] == Product("TEA", "Tea", 798, "GBP", revision=2)
    assert rows[("TEA",)].price == PRICE * 2


def test_a_product_knows_its_stock_even_if_counted_before_it_was_added() -> None:
    added = ProductAdded("TEA", "Tea", PRICE)
    assert fold(products, *counted, added) == fold(products, added, *counted)
    product = fold(products, *counted, added)[("TEA",)]
    assert (product.on_hand, product.reserved, product.available) == (9, 1, 8)


def test_stock_is_counted_by_sku() -> None:
    rows = fold(stock, *counted, UnitsReceived("MUG", 5))
    assert rows == {("TEA",): Stock("TEA", 9, 1), ("MUG",): Stock("MUG", 5)}
    assert rows[("TEA",)].available == 8


def test_orders_keep_their_own_copy_of_the_prices() -> None:
    added, repriced = ProductAdded("TEA", "Tea", PRICE), ProductRepriced("TEA", PRICE * 2)
    (price,) = fold(price_list, added, repriced).values()
    assert price == Price("TEA", "Tea", 798, "GBP")
    assert price.price == PRICE * 2


def test_what_is_shipped_is_neither_held_nor_there() -> None:
    shipped = (UnitsReceived("TEA", 10), UnitsReserved("TEA", "7", 4), UnitsShipped("TEA", "7", 4))
    assert fold(stock, *shipped) == {("TEA",): Stock("TEA", 6, 0)}
    (product,) = fold(products, ProductAdded("TEA", "Tea", PRICE), *shipped).values()
    assert (product.on_hand, product.reserved, product.available) == (6, 0, 6)


def test_a_delisted_product_is_counted_on_and_comes_back_with_a_later_revision() -> None:
    gone = (ProductAdded("TEA", "Tea", PRICE), ProductDelisted("TEA"), UnitsReceived("TEA", 2))
    (product,) = fold(products, *gone).values()
    assert (product.name, product.on_hand, product.revision) == (None, 2, 2)
    (product,) = fold(products, *gone, ProductAdded("TEA", "Tea", PRICE)).values()
    assert (product.name, product.on_hand, product.revision) == ("Tea", 2, 3)


def test_a_delisted_product_has_no_price_until_it_is_added_again() -> None:
    added, delisted = ProductAdded("TEA", "Tea", PRICE), ProductDelisted("TEA")
    assert fold(price_list, added, delisted) == {("TEA",): None}
    assert len(fold(price_list, added, delisted, added)) == 1
