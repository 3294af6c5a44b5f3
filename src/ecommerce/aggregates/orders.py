"""An order is placed, and then confirmed or cancelled, once and for good."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from functools import reduce
from operator import add
from typing import TypeAlias

from msgspec.structs import replace

from ecommerce.events.orders import (
    Address,
    Charge,
    CompensateInventory,
    Customer,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderEvent,
    OrderLine,
)
from ecommerce.kernel import (
    MOST_MONEY,
    Command,
    Decision,
    Event,
    Fold,
    Money,
    OrderId,
    Rejected,
    Sku,
    Streams,
    Value,
)


class PlaceOrder(Command, frozen=True):
    """Order these lines at these prices."""

    order_id: OrderId
    owner: str
    customer: Customer
    shipping_address: Address
    payment_method: str
    lines: tuple[OrderLine, ...]
    charges: tuple[Charge, ...]
    placed_at: datetime
    reference: str | None = None


class ConfirmOrder(Command, frozen=True):
    """The order is paid."""

    order_id: OrderId


class CancelOrder(Command, frozen=True):
    """End the order; `compensate` where stock may be held for it."""

    order_id: OrderId
    code: str
    reason: str
    compensate: bool


class CompleteCompensation(Command, frozen=True):
    """Inventory holds nothing for the order any more."""

    order_id: OrderId


OrderCommand: TypeAlias = PlaceOrder | ConfirmOrder | CancelOrder | CompleteCompensation


class OrderIsEmpty(Rejected):
    """An order needs at least one line or charge."""


class TotalOutOfRange(Rejected):
    """An order cannot owe less than nothing, nor more than 10 trillion of its currency."""


class Status(Enum):
    """How far an order is."""

    NEW = "new"
    OPEN = "open"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Order(Value, frozen=True):
    """What a decision needs to know of an order."""

    status: Status = Status.NEW
    customer: Customer = Customer()
    total: Money | None = None
    skus: tuple[Sku, ...] = ()
    compensating: bool = False


def stream(order_id: OrderId) -> str:
    """Name the stream of an order."""
    return f"order-{order_id}"


def streams(command: OrderCommand) -> list[str]:
    """Name the streams that a command reads."""
    return [stream(command.order_id)]


def decide(command: OrderCommand, states: Streams) -> Decision:
    """Say what follows from a command."""
    (name,) = streams(command)
    return {name: _decide(command, states[name])}


def _decide(command: OrderCommand, order: Order) -> list[Event]:
    match command, order.status:
        case PlaceOrder(), Status.NEW:
            return [_created(command)]
        case ConfirmOrder(order_id), Status.OPEN if order.total:
            return [OrderConfirmed(order_id, order.customer, order.total)]
        case CancelOrder(order_id, code, reason, compensate), Status.OPEN:
            cancelled = OrderCancelled(order_id, order.customer, reason, code)
            give_back = CompensateInventory(order_id, order.skus)
            return [cancelled, give_back] if compensate else [cancelled]
        case CompleteCompensation(order_id), Status.CANCELLED if order.compensating:
            return [OrderCompensated(order_id)]
        case _:
            return []  # already so, or too late: whoever asked reads what the order says by itself


def _created(command: PlaceOrder) -> OrderCreated:
    amounts = [
        *(line.unit_price * line.quantity for line in command.lines),
        *(charge.amount for charge in command.charges),
    ]
    if not amounts:
        raise OrderIsEmpty
    total = reduce(add, amounts)
    if not 0 <= total.amount <= MOST_MONEY:
        raise TotalOutOfRange
    return OrderCreated(
        order_id=command.order_id,
        owner=command.owner,
        customer=command.customer,
        shipping_address=command.shipping_address,
        payment_method=command.payment_method,
        lines=command.lines,
        charges=command.charges,
        total=total,
        placed_at=command.placed_at,
        reference=command.reference,
    )


def evolve(order: Order, event: OrderEvent) -> Order:
    """Say what an event makes of an order."""
    match event:
        case OrderCreated():
            return replace(
                order,
                status=Status.OPEN,
                customer=event.customer,
                total=event.total,
                skus=tuple(dict.fromkeys(line.sku for line in event.lines)),
            )
        case OrderConfirmed():
            return replace(order, status=Status.CONFIRMED)
        case OrderCancelled():
            return replace(order, status=Status.CANCELLED)
        case CompensateInventory():
            return replace(order, compensating=True)
        case OrderCompensated():
            return replace(order, compensating=False)


folds: dict[str, Fold] = {"order": Fold(Order(), evolve, OrderEvent)}
