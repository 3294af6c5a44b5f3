"""How many units of each SKU there are, and how many are held for orders."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec.structs import replace

from ecommerce.events.inventory import (
    StockEvent,
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Value
from ecommerce.projections.rows import fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "stock"
KEY: Final = ("sku",)
DDL: Final = """
create table stock (
    sku text primary key,
    on_hand bigint not null,
    reserved bigint not null
)
"""


class Stock(Value, frozen=True):
    """The count of a SKU."""

    sku: str
    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        """How many units can still be ordered."""
        return self.on_hand - self.reserved


Row: TypeAlias = Stock
Source: TypeAlias = StockEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which SKU an event is about."""
    return (recorded.event.sku,)


def evolve(row: Stock | None, recorded: Recorded[Source]) -> Stock:
    """Say what an event makes of a count."""
    event = recorded.event
    stock = row or Stock(event.sku)
    match event:
        case UnitsReceived() | UnitsAdjusted():
            return replace(stock, on_hand=stock.on_hand + event.quantity)
        case UnitsReserved():
            return replace(stock, reserved=stock.reserved + event.quantity)
        case UnitsReleased():
            return replace(stock, reserved=stock.reserved - event.quantity)
        case UnitsShipped(quantity=quantity):
            return Stock(event.sku, stock.on_hand - quantity, stock.reserved - quantity)


async def find(db: Connection, sku: str) -> Stock | None:
    """Find the count of a SKU that was ever counted."""
    query = "select * from stock where sku = %(sku)s"
    return next(iter(await fetch(db, Stock, query, {"sku": sku})), None)
