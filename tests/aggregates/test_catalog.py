from __future__ import annotations

from ecommerce.aggregates import catalog
from ecommerce.aggregates.catalog import (
    AddProduct,
    ChangePrice,
    NoSuchProduct,
    PriceIsNegative,
    ProductAlreadyExists,
)
from ecommerce.events.catalog import ProductAdded, ProductRepriced
from ecommerce.kernel import Money
from scenario import given

added = ProductAdded("TEA", "Tea for two", Money(399, "GBP"))
free = ProductAdded("TEA", "Tea for two", Money(0, "GBP"))


def test_a_product_can_be_added() -> None:
    given(catalog).when(AddProduct("TEA", "Tea for two", Money(399, "GBP"))).then(added)


def test_a_product_is_added_once() -> None:
    given(catalog, added).when(AddProduct("TEA", "Tea", Money(1, "GBP"))).rejects(
        ProductAlreadyExists
    )


def test_a_free_product_exists_too() -> None:
    given(catalog, free).when(AddProduct("TEA", "Tea", Money(1, "GBP"))).rejects(
        ProductAlreadyExists
    )


def test_a_price_can_change() -> None:
    given(catalog, added).when(ChangePrice("TEA", Money(449, "GBP"))).then(
        ProductRepriced("TEA", Money(449, "GBP"))
    )


def test_the_same_price_again_changes_nothing() -> None:
    given(catalog, added).when(ChangePrice("TEA", Money(399, "GBP"))).then()


def test_the_latest_price_is_the_one_that_counts() -> None:
    given(catalog, added, ProductRepriced("TEA", Money(449, "GBP"))).when(
        ChangePrice("TEA", Money(399, "GBP"))
    ).then(ProductRepriced("TEA", Money(399, "GBP")))


def test_what_does_not_exist_has_no_price() -> None:
    given(catalog).when(ChangePrice("TEA", Money(449, "GBP"))).rejects(NoSuchProduct)


def test_a_product_cannot_be_added_at_less_than_nothing() -> None:
    given(catalog).when(AddProduct("TEA", "Tea", Money(-1, "GBP"))).rejects(PriceIsNegative)


def test_a_price_cannot_fall_below_nothing() -> None:
    given(catalog, added).when(ChangePrice("TEA", Money(-1, "GBP"))).rejects(PriceIsNegative)
