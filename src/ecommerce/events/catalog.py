"""What catalog tells the others: products and their prices."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.kernel import Event, Money, Sku


class ProductAdded(Event, frozen=True):
    """A product can be bought from now on, or again after it was delisted."""

    sku: Sku
    name: str
    price: Money


class ProductRepriced(Event, frozen=True):
    """The price of a product is another one from now on."""

    sku: Sku
    price: Money


class ProductDelisted(Event, frozen=True):
    """A product cannot be bought any more; orders that were placed keep it."""

    sku: Sku


ProductEvent: TypeAlias = ProductAdded | ProductRepriced | ProductDelisted
