"""What a decision needs to know of stock and reservations, and what each event makes of that."""

from __future__ import annotations

from enum import Enum

from msgspec.structs import replace

from ecommerce.events.inventory import (
    ReservationEvent,
    ReservedUnits,
    StockCompensated,
    StockEvent,
    StockReservationFailed,
    StockReserved,
    StockShipped,
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Fold, Value


class Stock(Value, frozen=True):
    """How many units of a SKU there are, and how many of them are held for orders."""

    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        """How many units an order can still have."""
        return self.on_hand - self.reserved


class Held(Enum):
    """What became of an order's wish for stock."""

    UNKNOWN = "unknown"
    RESERVED = "reserved"
    FAILED = "failed"
    COMPENSATED = "compensated"
    SHIPPED = "shipped"


class Reservation(Value, frozen=True):
    """What is held for an order."""

    held: Held = Held.UNKNOWN
    items: tuple[ReservedUnits, ...] = ()


def evolve_stock(stock: Stock, event: StockEvent) -> Stock:
    """Say what an event makes of a SKU's stock."""
    match event:
        case UnitsReceived() | UnitsAdjusted():
            return replace(stock, on_hand=stock.on_hand + event.quantity)
        case UnitsReserved():
            return replace(stock, reserved=stock.reserved + event.quantity)
        case UnitsReleased():
            return replace(stock, reserved=stock.reserved - event.quantity)
        case UnitsShipped(quantity=quantity):
            return Stock(stock.on_hand - quantity, stock.reserved - quantity)


def evolve_reservation(_: Reservation, event: ReservationEvent) -> Reservation:
    """Say what an event makes of an order's reservation."""
    match event:
        case StockReserved():
            return Reservation(Held.RESERVED, event.items)
        case StockReservationFailed():
            return Reservation(Held.FAILED)
        case StockCompensated():
            return Reservation(Held.COMPENSATED)
        case StockShipped():
            return Reservation(Held.SHIPPED)


folds: dict[str, Fold] = {
    "stock": Fold(Stock(), evolve_stock, StockEvent),
    "reservation": Fold(Reservation(), evolve_reservation, ReservationEvent),
}
