"""An order follows its payment and its stock: confirmed when paid, cancelled when either fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from ecommerce.aggregates.orders import (
    AskForAuthentication,
    CancelOrder,
    CompleteCompensation,
    CompleteRefund,
    ConfirmOrder,
    OrderCommand,
)
from ecommerce.events.inventory import Shortage, StockCompensated, StockReservationFailed
from ecommerce.events.orders import OrderCreated
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentFailed,
    PaymentRefunded,
    PaymentSucceeded,
)

NAMED: Final = 3
"""How many of the SKUs that are short a customer is told by name."""

Trigger: TypeAlias = (
    PaymentAuthenticationRequired
    | PaymentSucceeded
    | PaymentFailed
    | PaymentRefunded
    | StockReservationFailed
    | StockCompensated
)


def react(event: Trigger, _event_id: str) -> Iterator[OrderCommand]:
    """Say what orders does about another context's event."""
    match event:
        case PaymentAuthenticationRequired(order_id, url=url):
            yield AskForAuthentication(order_id, url)
        case PaymentSucceeded(order_id):
            yield ConfirmOrder(order_id)
        case PaymentFailed(order_id, _, reason):
            yield CancelOrder(order_id, "payment_failed", reason, compensate=True)
        case PaymentRefunded(order_id, amount):
            yield CompleteRefund(order_id, amount)
        case StockReservationFailed(order_id, shortages):
            reason = f"out of stock: {_in_words(shortages)}"
            yield CancelOrder(order_id, "out_of_stock", reason, compensate=False)
        case StockCompensated(order_id):
            yield CompleteCompensation(order_id)


def _in_words(shortages: Sequence[Shortage]) -> str:
    named = [f"{s.sku} ({s.available} of {s.requested} left)" for s in shortages[:NAMED]]
    more = len(shortages) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def expire(event: OrderCreated) -> CancelOrder:
    """Say what orders does when the deadline of an order has come and nobody answered."""
    return CancelOrder(event.order_id, "timed_out", "timed out", compensate=True)
