"""What inventory tells the others: stock counted, held for an order, given back or shipped."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.kernel import Event, OrderId, Quantity, Sku, Value


class UnitsReceived(Event, frozen=True):
    """Stock came in."""

    sku: Sku
    quantity: Quantity
    reference: str | None = None


class UnitsAdjusted(Event, frozen=True):
    """A count was put right: `quantity` more, or less where negative."""

    sku: Sku
    quantity: int
    reason: str


class UnitsReserved(Event, frozen=True):
    """Units on hand are held for an order."""

    sku: Sku
    order_id: OrderId
    quantity: int


class UnitsReleased(Event, frozen=True):
    """Units held for an order are free again."""

    sku: Sku
    order_id: OrderId
    quantity: int


class UnitsShipped(Event, frozen=True):
    """Units held for an order have left the house."""

    sku: Sku
    order_id: OrderId
    quantity: int


class ReservedUnits(Value, frozen=True):
    """How many units of one SKU an order holds, over all of its lines."""

    sku: Sku
    quantity: int


class Shortage(Value, frozen=True):
    """A SKU of which an order wanted more than was free."""

    sku: Sku
    requested: int
    available: int


class StockReserved(Event, frozen=True):
    """All units of an order are held for it."""

    order_id: OrderId
    items: tuple[ReservedUnits, ...]


class StockReservationFailed(Event, frozen=True):
    """Not all units of an order were free, so none is held for it."""

    order_id: OrderId
    shortages: tuple[Shortage, ...]


class StockCompensated(Event, frozen=True):
    """Nothing is held for this order any more; `items` is what went back."""

    order_id: OrderId
    items: tuple[ReservedUnits, ...]


class StockShipped(Event, frozen=True):
    """All that was held for this order has left the house."""

    order_id: OrderId
    items: tuple[ReservedUnits, ...]


StockEvent: TypeAlias = UnitsReceived | UnitsAdjusted | UnitsReserved | UnitsReleased | UnitsShipped
ReservationEvent: TypeAlias = (
    StockReserved | StockReservationFailed | StockCompensated | StockShipped
)
