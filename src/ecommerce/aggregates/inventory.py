"""Stock is only counted; an order's reservation alone decides what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias

from msgspec.structs import replace

from ecommerce.events.inventory import (
    ReservationEvent,
    ReservedUnits,
    Shortage,
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
from ecommerce.kernel import (
    Command,
    Decision,
    Fold,
    OrderId,
    Quantity,
    Rejected,
    Sku,
    Streams,
    Value,
)


class ReceiveStock(Command, frozen=True):
    """Units came in."""

    sku: Sku
    quantity: Quantity
    reference: str | None = None


class AdjustStock(Command, frozen=True):
    """The count is off by `quantity`: more where positive, less where negative."""

    sku: Sku
    quantity: int
    reason: str


class ReserveStock(Command, frozen=True):
    """Hold all of this for an order, or none of it."""

    order_id: OrderId
    items: tuple[ReservedUnits, ...]


class CompensateStock(Command, frozen=True):
    """Give back what is held for an order; `skus` is all that it may hold."""

    order_id: OrderId
    skus: tuple[Sku, ...]


class ShipStock(Command, frozen=True):
    """Let go of what is held for an order, for it is shipped; `skus` is all that it may hold."""

    order_id: OrderId
    skus: tuple[Sku, ...]


InventoryCommand: TypeAlias = (
    ReceiveStock | AdjustStock | ReserveStock | CompensateStock | ShipStock
)


class NotEnoughStock(Rejected):
    """The count cannot fall below what is held for orders."""


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


def stock(sku: Sku) -> str:
    """Name the stream of a SKU's stock."""
    return f"stock-{sku}"


def reservation(order_id: OrderId) -> str:
    """Name the stream of an order's reservation."""
    return f"reservation-{order_id}"


def together(lines: Iterable[tuple[Sku, int]]) -> tuple[ReservedUnits, ...]:
    """Add up the quantities of each SKU, in the order in which the SKUs first appear."""
    totals: Counter[Sku] = Counter()
    for sku, quantity in lines:
        totals[sku] += quantity
    return tuple(ReservedUnits(sku, quantity) for sku, quantity in totals.items())


def streams(command: InventoryCommand) -> list[str]:
    """Name the streams that a command reads."""
    match command:
        case ReceiveStock(sku) | AdjustStock(sku):
            return [stock(sku)]
        case ReserveStock(order_id, items):
            return [reservation(order_id), *(stock(item.sku) for item in items)]
        case CompensateStock(order_id, skus) | ShipStock(order_id, skus):
            return [reservation(order_id), *map(stock, dict.fromkeys(skus))]


def decide(command: InventoryCommand, states: Streams) -> Decision:
    """Say what follows from a command."""
    match command:
        case ReceiveStock(sku, quantity, reference):
            return {stock(sku): [UnitsReceived(sku, quantity, reference)]}
        case AdjustStock(sku, quantity, reason):
            if states[stock(sku)].available + quantity < 0:
                raise NotEnoughStock
            return {stock(sku): [UnitsAdjusted(sku, quantity, reason)]}
        case ReserveStock():
            return _reserve(command, states)
        case CompensateStock():
            return _compensate(command, states)
        case ShipStock():
            return _ship(command, states)


def _reserve(command: ReserveStock, states: Streams) -> Decision:
    order_id, name = command.order_id, reservation(command.order_id)
    if states[name].held is not Held.UNKNOWN:
        return {}
    shortages = tuple(
        Shortage(item.sku, item.quantity, available)
        for item in command.items
        if (available := states[stock(item.sku)].available) < item.quantity
    )
    if shortages:
        return {name: [StockReservationFailed(order_id, shortages)]}
    return {
        name: [StockReserved(order_id, command.items)],
        **{
            stock(item.sku): [UnitsReserved(item.sku, order_id, item.quantity)]
            for item in command.items
        },
    }


def _compensate(command: CompensateStock, states: Streams) -> Decision:
    order_id, name = command.order_id, reservation(command.order_id)
    held: Reservation = states[name]
    if held.held in {Held.COMPENSATED, Held.SHIPPED}:
        return {}
    return {
        name: [StockCompensated(order_id, held.items)],
        **{
            stock(item.sku): [UnitsReleased(item.sku, order_id, item.quantity)]
            for item in held.items
        },
    }


def _ship(command: ShipStock, states: Streams) -> Decision:
    order_id, name = command.order_id, reservation(command.order_id)
    held: Reservation = states[name]
    if held.held is not Held.RESERVED:
        return {}
    return {
        name: [StockShipped(order_id, held.items)],
        **{
            stock(item.sku): [UnitsShipped(item.sku, order_id, item.quantity)]
            for item in held.items
        },
    }


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
