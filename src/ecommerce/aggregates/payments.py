"""A payment is charged once its stock is held, and given back once its order is dead."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from msgspec.structs import replace

from ecommerce.events.payments import (
    PaymentClosed,
    PaymentEvent,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    RefundStarted,
)
from ecommerce.kernel import Command, Decision, Event, Fold, Money, OrderId, Streams, Value


class RequestPayment(Command, frozen=True):
    """An order owes this."""

    order_id: OrderId
    amount: Money
    payment_method: str


class StartPayment(Command, frozen=True):
    """The stock of the order is held: charge it."""

    order_id: OrderId


class ClosePayment(Command, frozen=True):
    """The order is dead: keep nothing for it."""

    order_id: OrderId


class SucceedPayment(Command, frozen=True):
    """The provider has captured the money."""

    order_id: OrderId
    charge: str


class FailPayment(Command, frozen=True):
    """The provider refused for good."""

    order_id: OrderId
    code: str
    reason: str


class CompleteRefund(Command, frozen=True):
    """The provider has given the money back."""

    order_id: OrderId
    refund: str


PaymentCommand: TypeAlias = (
    RequestPayment | StartPayment | ClosePayment | SucceedPayment | FailPayment | CompleteRefund
)


class PaymentCleared(Event, frozen=True):
    """The stock is held, though what is due is not known yet. Private: nobody waits for it."""

    order_id: OrderId


class Status(Enum):
    """How far a payment is."""

    NEW = "new"
    REQUESTED = "requested"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class Payment(Value, frozen=True):
    """What a decision needs to know of a payment."""

    status: Status = Status.NEW
    amount: Money = Money(0, "XXX")
    payment_method: str = ""
    charge: str | None = None
    cleared: bool = False
    closed: bool = False


def stream(order_id: OrderId) -> str:
    """Name the stream of an order's payment."""
    return f"payment-{order_id}"


def streams(command: PaymentCommand) -> list[str]:
    """Name the streams that a command reads."""
    return [stream(command.order_id)]


def decide(command: PaymentCommand, states: Streams) -> Decision:
    """Say what follows from a command."""
    (name,) = streams(command)
    return {name: _decide(command, states[name])}


def _decide(command: PaymentCommand, payment: Payment) -> list[Event]:
    match command, payment.status:
        case RequestPayment(order_id, amount, method), Status.NEW if not payment.closed:
            requested = PaymentRequested(order_id, amount, method)
            return [requested, *(_start(requested) if payment.cleared else ())]
        case StartPayment(order_id), Status.NEW if not (payment.cleared or payment.closed):
            return [PaymentCleared(order_id)]
        case StartPayment(order_id), Status.REQUESTED if not payment.closed:
            return _start(PaymentRequested(order_id, payment.amount, payment.payment_method))
        case ClosePayment(order_id), _ if not payment.closed:
            return [PaymentClosed(order_id), *_refund(order_id, payment)]
        case SucceedPayment(order_id, charge), Status.STARTED | Status.FAILED:
            succeeded = PaymentSucceeded(order_id, payment.amount, charge)
            paid = evolve(payment, succeeded)
            return [succeeded, *(_refund(order_id, paid) if payment.closed else ())]
        case FailPayment(order_id, code, reason), Status.STARTED:
            return [PaymentFailed(order_id, code, reason)]
        case CompleteRefund(order_id, refund), Status.REFUNDING:
            return [PaymentRefunded(order_id, payment.amount, refund)]
        case _:
            return []  # already so, or too late: the payment's own facts say what holds


def _start(due: PaymentRequested) -> list[Event]:
    if due.amount.amount == 0:
        return [PaymentSucceeded(due.order_id, due.amount, charge=None)]
    return [PaymentStarted(due.order_id, due.amount, due.payment_method)]


def _refund(order_id: OrderId, payment: Payment) -> list[Event]:
    if payment.status is Status.SUCCEEDED and payment.charge:
        return [RefundStarted(order_id, payment.amount, payment.charge)]
    return []


def evolve(payment: Payment, event: PaymentEvent | PaymentCleared) -> Payment:
    """Say what an event makes of a payment."""
    match event:
        case PaymentCleared():
            return replace(payment, cleared=True)
        case PaymentRequested():
            return replace(
                payment,
                status=Status.REQUESTED,
                amount=event.amount,
                payment_method=event.payment_method,
            )
        case PaymentStarted():
            return replace(payment, status=Status.STARTED)
        case PaymentSucceeded():
            return replace(payment, status=Status.SUCCEEDED, charge=event.charge)
        case PaymentFailed():
            return replace(payment, status=Status.FAILED)
        case PaymentClosed():
            return replace(payment, closed=True)
        case RefundStarted():
            return replace(payment, status=Status.REFUNDING)
        case PaymentRefunded():
            return replace(payment, status=Status.REFUNDED)


folds: dict[str, Fold] = {"payment": Fold(Payment(), evolve, PaymentEvent | PaymentCleared)}
