"""What a decision needs to know of an order, and what each event makes of that."""

from __future__ import annotations

from enum import Enum

from msgspec.structs import replace

from ecommerce.events.orders import (
    AuthenticationRequested,
    CompensateInventory,
    Customer,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.kernel import Fold, Money, Sku, Value


class Status(Enum):
    """How far an order is."""

    NEW = "new"
    OPEN = "open"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Order(Value, frozen=True):
    """What a decision needs to know of an order."""

    status: Status = Status.NEW
    owner: str = ""
    customer: Customer = Customer()
    total: Money | None = None
    skus: tuple[Sku, ...] = ()
    asked: bool = False
    """Whether the customer was asked to authenticate the payment."""
    compensating: bool = False
    refunded: bool = False


def evolve(order: Order, event: OrderEvent) -> Order:
    """Say what an event makes of an order."""
    match event:
        case OrderCreated(owner=owner, customer=customer, total=total, lines=lines):
            skus = tuple(dict.fromkeys(line.sku for line in lines))
            return replace(
                order, status=Status.OPEN, owner=owner, customer=customer, total=total, skus=skus
            )
        case AuthenticationRequested():
            return replace(order, asked=True)
        case OrderConfirmed():
            return replace(order, status=Status.CONFIRMED)
        case OrderShipped():
            return replace(order, status=Status.SHIPPED)
        case OrderDelivered():
            return replace(order, status=Status.DELIVERED)
        case OrderCancelled():
            return replace(order, status=Status.CANCELLED)
        case CompensateInventory():
            return replace(order, compensating=True)
        case OrderCompensated():
            return replace(order, compensating=False)
        case OrderRefunded():
            return replace(order, refunded=True)


folds: dict[str, Fold] = {"order": Fold(Order(), evolve, OrderEvent)}
