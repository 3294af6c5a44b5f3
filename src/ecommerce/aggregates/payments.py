"""A payment is charged once its stock is held, and let go of once its order is dead."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from msgspec.structs import replace

from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentEvent,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
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


class RequireAuthentication(Command, frozen=True):
    """The provider waits for the customer, at this address."""

    order_id: OrderId
    intent: str
    url: str


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


class CompleteVoid(Command, frozen=True):
    """The provider has forgotten the charge that waited for the customer."""

    order_id: OrderId


PaymentCommand: TypeAlias = (
    RequestPayment
    | StartPayment
    | ClosePayment
    | RequireAuthentication
    | SucceedPayment
    | FailPayment
    | CompleteRefund
    | CompleteVoid
)


class PaymentCleared(Event, frozen=True):
    """The stock is held, though what is due is not known yet. Private: nobody waits for it."""

    order_id: OrderId


class Status(Enum):
    """How far a payment is."""

    NEW = "new"
    REQUESTED = "requested"
    STARTED = "started"
    AUTHENTICATING = "authenticating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    VOIDED = "voided"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class Payment(Value, frozen=True):
    """What a decision needs to know of a payment."""

    status: Status = Status.NEW
    amount: Money = Money(0, "XXX")
    payment_method: str = ""
    intent: str | None = None
    """The provider's name of a charge that the customer can still pay by himself."""
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
            return _and_let_go(PaymentClosed(order_id), payment)
        case RequireAuthentication(order_id, intent, url), Status.STARTED:
            return _and_let_go(PaymentAuthenticationRequired(order_id, intent, url), payment)
        case SucceedPayment(order_id, charge), _ if payment.status in _NOT_PAID_YET:
            return _and_let_go(PaymentSucceeded(order_id, payment.amount, charge), payment)
        case FailPayment(order_id, code, reason), Status.STARTED | Status.AUTHENTICATING:
            return [PaymentFailed(order_id, code, reason)]
        case CompleteVoid(order_id), Status.AUTHENTICATING | Status.FAILED if payment.intent:
            return [PaymentVoided(order_id)]
        case CompleteRefund(order_id, refund), Status.REFUNDING:
            return [PaymentRefunded(order_id, payment.amount, refund)]
        case _:
            return []  # already so, or too late: the payment's own facts say what holds


def _start(due: PaymentRequested) -> list[Event]:
    if due.amount.amount == 0:
        return [PaymentSucceeded(due.order_id, due.amount, charge=None)]
    return [PaymentStarted(due.order_id, due.amount, due.payment_method)]


_NOT_PAID_YET: Final = {Status.STARTED, Status.AUTHENTICATING, Status.FAILED, Status.VOIDED}
"""Where the provider can say that it has been paid, though it may have said otherwise before."""


def _and_let_go(
    event: PaymentClosed | PaymentAuthenticationRequired | PaymentSucceeded, payment: Payment
) -> list[Event]:
    """Record an event, and where the order is dead, what gives its money back or keeps it away."""
    payment = evolve(payment, event)
    match payment:
        case Payment(closed=True, status=Status.SUCCEEDED, charge=str(charge)):
            return [event, RefundStarted(event.order_id, payment.amount, charge)]
        case Payment(closed=True, status=Status.AUTHENTICATING | Status.FAILED, intent=str(intent)):
            return [event, VoidStarted(event.order_id, intent)]
        case _:
            return [event]


def evolve(  # noqa: C901 - a table, a row for each kind
    payment: Payment, event: PaymentEvent | PaymentCleared
) -> Payment:
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
        case PaymentAuthenticationRequired():
            return replace(payment, status=Status.AUTHENTICATING, intent=event.intent)
        case PaymentSucceeded():
            return replace(payment, status=Status.SUCCEEDED, charge=event.charge)
        case PaymentFailed():
            return replace(payment, status=Status.FAILED)
        case PaymentClosed():
            return replace(payment, closed=True)
        case VoidStarted():
            return payment
        case PaymentVoided():
            return replace(payment, status=Status.VOIDED, intent=None)
        case RefundStarted():
            return replace(payment, status=Status.REFUNDING)
        case PaymentRefunded():
            return replace(payment, status=Status.REFUNDED)


folds: dict[str, Fold] = {"payment": Fold(Payment(), evolve, PaymentEvent | PaymentCleared)}
