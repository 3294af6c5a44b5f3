"""What a decision needs to know of a payment, and what each event makes of that."""

from __future__ import annotations

from enum import Enum

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
from ecommerce.kernel import Event, Fold, Money, OrderId, Value


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
    # "XXX" is ISO 4217's code for no currency: nothing is asked for yet.
    amount: Money = Money(0, "XXX")
    payment_method: str = ""
    intent: str | None = None
    """The provider's name of a charge that the customer can still pay by himself."""
    charge: str | None = None
    cleared: bool = False
    closed: bool = False


def evolve(  # noqa: C901 - a table, a row for each kind
    payment: Payment, event: PaymentEvent | PaymentCleared
) -> Payment:
    """Say what an event makes of a payment."""
    match event:
        case PaymentCleared():
            return replace(payment, cleared=True)
        case PaymentRequested(amount=amount, payment_method=method):
            return replace(payment, status=Status.REQUESTED, amount=amount, payment_method=method)
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
