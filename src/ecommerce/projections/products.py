"""What the shop shows of its products: names and prices, and how many can be ordered."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec.structs import replace

from ecommerce.events.catalog import ProductAdded, ProductDelisted, ProductEvent, ProductRepriced
from ecommerce.events.inventory import (
    StockEvent,
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Money, Value
from ecommerce.projections.rows import bounded, fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "products"
KEY: Final = ("sku",)
DDL: Final = """
create table products (
    sku text primary key,
    name text,
    revision bigint not null,
    amount bigint not null,
    currency text not null,
    on_hand bigint not null,
    reserved bigint not null
)
"""


class Product(Value, frozen=True):
    """A product and its stock. Without a name it was counted, but cannot be bought.

    `revision` grows with each change of the product itself, not of its stock.
    """

    sku: str
    name: str | None = None
    amount: int = 0
    currency: str = ""
    on_hand: int = 0
    reserved: int = 0
    revision: int = 0

    @property
    def price(self) -> Money:
        """What one unit costs now."""
        return Money(self.amount, self.currency)

    @property
    def available(self) -> int:
        """How many units can still be ordered."""
        return self.on_hand - self.reserved


Row: TypeAlias = Product
Source: TypeAlias = ProductEvent | StockEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which product an event is about."""
    return (recorded.event.sku,)


def evolve(row: Product | None, recorded: Recorded[Source]) -> Product:
    """Say what an event makes of a product, whichever context's events come first."""
    event = recorded.event
    product = row or Product(event.sku)
    match event:
        case ProductAdded(_, name, price):
            return _priced(replace(product, name=name), price)
        case ProductRepriced(_, price):
            return _priced(product, price)
        case ProductDelisted():
            return replace(product, name=None, revision=product.revision + 1)
        case UnitsReceived() | UnitsAdjusted():
            return replace(product, on_hand=product.on_hand + event.quantity)
        case UnitsReserved():
            return replace(product, reserved=product.reserved + event.quantity)
        case UnitsReleased():
            return replace(product, reserved=product.reserved - event.quantity)
        case UnitsShipped(quantity=quantity):
            on_hand, reserved = product.on_hand - quantity, product.reserved - quantity
            return replace(product, on_hand=on_hand, reserved=reserved)


def _priced(product: Product, price: Money) -> Product:
    revision = product.revision + 1
    return replace(product, revision=revision, amount=price.amount, currency=price.currency)


async def find(db: Connection, sku: str) -> Product | None:
    """Find a product by its SKU."""
    query = "select * from products where sku = %(sku)s and name is not null"
    return next(iter(await fetch(db, Product, query, {"sku": sku})), None)


async def list_products(db: Connection, after: str | None, limit: int) -> list[Product]:
    """List products by SKU, from the one after `after`."""
    query = """
        select * from products where sku > %(after)s and name is not null
        order by sku limit %(limit)s
    """
    return await fetch(db, Product, query, {"after": after or "", "limit": bounded(limit)})
