"""What follows from a command: counts, and for an order all of its stock or none of it."""

from __future__ import annotations

from ecommerce.aggregates.inventory.commands import (
    AdjustStock,
    CompensateStock,
    InventoryCommand,
    NotEnoughStock,
    ReceiveStock,
    ReserveStock,
    ShipStock,
)
from ecommerce.aggregates.inventory.state import Held, Reservation
from ecommerce.events.inventory import (
    Shortage,
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Decision, OrderId, Sku, Streams


def stock(sku: Sku) -> str:
    """Name the stream of a SKU's stock."""
    return f"stock-{sku}"


def reservation(order_id: OrderId) -> str:
    """Name the stream of an order's reservation."""
    return f"reservation-{order_id}"


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
