"""What catalog tells the others: products and their prices."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.kernel import Event, Money, Sku


class ProductAdded(Event, frozen=True):
    """A product can be bought from now on."""

    sku: Sku
    name: str
    price: Money


class ProductRepriced(Event, frozen=True):
    """The price of a product is another one from now on."""

    sku: Sku
    price: Money


ProductEvent: TypeAlias = ProductAdded | ProductRepriced
