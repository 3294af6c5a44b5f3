"""What follows from a command: a payment's facts, or nothing; it is never refused."""

from __future__ import annotations

from typing import Final

from ecommerce.aggregates.payments.commands import (
    ClosePayment,
    CompleteRefund,
    CompleteVoid,
    FailPayment,
    PaymentCommand,
    RequestPayment,
    RequireAuthentication,
    StartPayment,
    SucceedPayment,
)
from ecommerce.aggregates.payments.state import Payment, PaymentCleared, Status, evolve
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
)
from ecommerce.kernel import Decision, Event, OrderId, Streams


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
