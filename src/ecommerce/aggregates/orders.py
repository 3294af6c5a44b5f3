"""An order is placed, confirmed, shipped and delivered, or cancelled on its way, for good."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from functools import reduce
from operator import add
from typing import TypeAlias

from msgspec.structs import replace

from ecommerce.events.orders import (
    Address,
    AuthenticationRequested,
    Charge,
    CompensateInventory,
    Customer,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderLine,
    OrderRefunded,
    OrderShipped,
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


class AskForAuthentication(Command, frozen=True):
    """The bank wants to hear from the customer, at this address."""

    order_id: OrderId
    url: str


class CompleteCompensation(Command, frozen=True):
    """Inventory holds nothing for the order any more."""

    order_id: OrderId


class CompleteRefund(Command, frozen=True):
    """The customer has the money back."""

    order_id: OrderId
    amount: Money


class WithdrawOrder(Command, frozen=True):
    """A person does not want the order any more: its `owner`, or staff where none is given."""

    order_id: OrderId
    reason: str
    owner: str | None = None


class ShipOrder(Command, frozen=True):
    """The whole order was given to a carrier."""

    order_id: OrderId
    carrier: str | None = None
    tracking: str | None = None


class DeliverOrder(Command, frozen=True):
    """The customer has the goods."""

    order_id: OrderId


OrderCommand: TypeAlias = (
    PlaceOrder
    | AskForAuthentication
    | ConfirmOrder
    | CancelOrder
    | CompleteCompensation
    | CompleteRefund
    | WithdrawOrder
    | ShipOrder
    | DeliverOrder
)


class OrderIsEmpty(Rejected):
    """An order needs at least one line or charge."""


class TotalOutOfRange(Rejected):
    """An order cannot owe less than nothing, nor more than 10 trillion of its currency."""


class NoSuchOrder(Rejected):
    """There is no such order."""


class OrderNotConfirmed(Rejected):
    """Only a confirmed order can be shipped."""


class OrderNotShipped(Rejected):
    """Only a shipped order can be delivered."""


class OrderAlreadyShipped(Rejected):
    """The order is shipped: it can neither be cancelled nor shipped again."""


class OrderAlreadyDelivered(Rejected):
    """The order is delivered already."""


class OrderIsCancelled(Rejected):
    """The order is cancelled."""


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
        case AskForAuthentication(order_id, url), Status.OPEN if order.total and not order.asked:
            return [AuthenticationRequested(order_id, order.customer, order.total, url)]
        case CancelOrder(order_id, code, reason, compensate), Status.OPEN:
            return _cancelled(order_id, order, reason, code, compensate=compensate)
        case CompleteCompensation(order_id), Status.CANCELLED if order.compensating:
            return [OrderCompensated(order_id)]
        case CompleteRefund(order_id, amount), Status.CANCELLED if not order.refunded:
            return [OrderRefunded(order_id, order.customer, amount)]
        case WithdrawOrder() | ShipOrder() | DeliverOrder(), _:
            return _obey(command, order)
        case _:
            return []  # already so, or too late: whoever asked reads what the order says by itself


def _obey(command: WithdrawOrder | ShipOrder | DeliverOrder, order: Order) -> list[Event]:
    """Do what a person asks for, or refuse it."""
    match command, order.status:
        case _, Status.NEW:
            raise NoSuchOrder
        case WithdrawOrder(owner=owner), _ if owner not in {None, order.owner}:
            raise NoSuchOrder
        case WithdrawOrder(order_id, reason, owner), Status.OPEN | Status.CONFIRMED:
            code = "cancelled_by_customer" if owner else "cancelled_by_staff"
            return _cancelled(order_id, order, reason, code, compensate=True)
        case WithdrawOrder(), Status.CANCELLED:
            return []
        case ShipOrder(order_id, carrier, tracking), Status.CONFIRMED:
            return [OrderShipped(order_id, order.customer, order.skus, carrier, tracking)]
        case DeliverOrder(order_id), Status.SHIPPED:
            return [OrderDelivered(order_id)]
        case _:
            raise _refusal(command, order.status)


def _refusal(command: Command, status: Status) -> Rejected:
    match command, status:
        case _, Status.CANCELLED:
            return OrderIsCancelled()
        case DeliverOrder(), Status.DELIVERED:
            return OrderAlreadyDelivered()
        case DeliverOrder(), _:
            return OrderNotShipped()
        case _, Status.SHIPPED | Status.DELIVERED:
            return OrderAlreadyShipped()
        case _:
            return OrderNotConfirmed()


def _cancelled(
    order_id: OrderId, order: Order, reason: str, code: str, *, compensate: bool
) -> list[Event]:
    cancelled = OrderCancelled(order_id, order.customer, reason, code)
    return [cancelled, CompensateInventory(order_id, order.skus)] if compensate else [cancelled]


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
                owner=event.owner,
                customer=event.customer,
                total=event.total,
                skus=tuple(dict.fromkeys(line.sku for line in event.lines)),
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
