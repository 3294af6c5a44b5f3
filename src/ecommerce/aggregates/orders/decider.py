"""What follows from a command: an order's facts, nothing, or a refusal."""

from __future__ import annotations

from functools import reduce
from operator import add

from ecommerce.aggregates.orders.commands import (
    AskForAuthentication,
    CancelOrder,
    CompleteCompensation,
    CompleteRefund,
    ConfirmOrder,
    DeliverOrder,
    NoSuchOrder,
    OrderAlreadyDelivered,
    OrderAlreadyShipped,
    OrderCommand,
    OrderIsCancelled,
    OrderIsEmpty,
    OrderNotConfirmed,
    OrderNotShipped,
    PlaceOrder,
    ShipOrder,
    TotalOutOfRange,
    WithdrawOrder,
)
from ecommerce.aggregates.orders.state import Order, Status
from ecommerce.events.orders import (
    AuthenticationRequested,
    CompensateInventory,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.kernel import MOST_MONEY, Command, Decision, Event, OrderId, Rejected, Streams


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
