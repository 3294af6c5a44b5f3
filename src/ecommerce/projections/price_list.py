"""The prices that orders are taken at: orders' own copy of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from ecommerce.events.catalog import ProductAdded, ProductDelisted, ProductEvent, ProductRepriced
from ecommerce.kernel import Money, Value
from ecommerce.projections.projection import found
from ecommerce.projections.rows import fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "price_list"
KEY: Final = ("sku",)
DDL: Final = """
create table price_list (
    sku text primary key,
    name text not null,
    amount bigint not null,
    currency text not null
)
"""


class Price(Value, frozen=True):
    """What a product is called and costs."""

    sku: str
    name: str
    amount: int
    currency: str

    @property
    def price(self) -> Money:
        """What one unit costs now."""
        return Money(self.amount, self.currency)


Row: TypeAlias = Price
Source: TypeAlias = ProductEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which price an event is about."""
    return (recorded.event.sku,)


def evolve(row: Price | None, recorded: Recorded[Source]) -> Price | None:
    """Say what an event makes of a price."""
    match recorded.event:
        case ProductAdded(sku, name, price):
            return Price(sku, name, price.amount, price.currency)
        case ProductRepriced(_, price):
            return replace(found(row, recorded), amount=price.amount, currency=price.currency)
        case ProductDelisted():
            return None


async def prices(db: Connection, skus: Sequence[str]) -> dict[str, Price]:
    """Find the prices of these SKUs; one that is not sold is left out."""
    query = "select * from price_list where sku = any(%(skus)s)"
    return {price.sku: price for price in await fetch(db, Price, query, {"skus": [*skus]})}
