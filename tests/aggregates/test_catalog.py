from __future__ import annotations

from ecommerce.aggregates import catalog
from ecommerce.aggregates.catalog import (
    AddProduct,
    ChangePrice,
    DelistProduct,
    NoSuchProduct,
    PriceIsNegative,
    ProductAlreadyExists,
    ProductHasChanged,
)
from ecommerce.events.catalog import ProductAdded, ProductDelisted, ProductRepriced
from ecommerce.kernel import Money
from scenario import given

added = ProductAdded("TEA", "Tea for two", Money(399, "GBP"))
free = ProductAdded("TEA", "Tea for two", Money(0, "GBP"))
repriced = ProductRepriced("TEA", Money(449, "GBP"))
delisted = ProductDelisted("TEA")


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


def test_a_product_can_be_delisted() -> None:
    given(catalog, added).when(DelistProduct("TEA")).then(delisted)


def test_what_is_delisted_does_not_exist_until_it_is_added_again() -> None:
    given(catalog, added, delisted).when(DelistProduct("TEA")).rejects(NoSuchProduct)
    given(catalog, added, delisted).when(ChangePrice("TEA", Money(449, "GBP"))).rejects(
        NoSuchProduct
    )
    given(catalog, added, delisted).when(AddProduct("TEA", "Tea for two", Money(399, "GBP"))).then(
        added
    )


def test_who_names_the_latest_revision_may_change_a_product() -> None:
    price = Money(449, "GBP")
    given(catalog, added).when(ChangePrice("TEA", price, revision=1)).then(repriced)
    given(catalog, added, repriced).when(DelistProduct("TEA", revision=2)).then(delisted)


def test_who_read_an_older_revision_changes_nothing() -> None:
    given(catalog, added, repriced).when(ChangePrice("TEA", Money(399, "GBP"), revision=1)).rejects(
        ProductHasChanged
    )
    given(catalog, added, repriced).when(DelistProduct("TEA", revision=1)).rejects(
        ProductHasChanged
    )


def test_revisions_go_on_over_a_delisting() -> None:
    given(catalog, added, delisted, added).when(DelistProduct("TEA", revision=3)).then(delisted)
