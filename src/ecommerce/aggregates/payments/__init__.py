"""A payment is charged once its stock is held, and let go of once its order is dead."""

from __future__ import annotations

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
from ecommerce.aggregates.payments.decider import decide, stream, streams
from ecommerce.aggregates.payments.state import Payment, PaymentCleared, Status, evolve, folds

__all__ = [
    "ClosePayment",
    "CompleteRefund",
    "CompleteVoid",
    "FailPayment",
    "Payment",
    "PaymentCleared",
    "PaymentCommand",
    "RequestPayment",
    "RequireAuthentication",
    "StartPayment",
    "Status",
    "SucceedPayment",
    "decide",
    "evolve",
    "folds",
    "stream",
    "streams",
]
