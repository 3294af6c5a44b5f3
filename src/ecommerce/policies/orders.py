"""An order follows its payment and its stock: confirmed when paid, cancelled when either fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ecommerce.aggregates.orders import (
    CancelOrder,
    CompleteCompensation,
    ConfirmOrder,
    OrderCommand,
)
from ecommerce.events.inventory import StockCompensated, StockReservationFailed
from ecommerce.events.orders import OrderCreated
from ecommerce.events.payments import PaymentFailed, PaymentSucceeded

Trigger: TypeAlias = PaymentSucceeded | PaymentFailed | StockReservationFailed | StockCompensated


def react(event: Trigger, _event_id: str) -> Iterator[OrderCommand]:
    """Say what orders does about another context's event."""
    match event:
        case PaymentSucceeded(order_id):
            yield ConfirmOrder(order_id)
        case PaymentFailed(order_id, _, reason):
            yield CancelOrder(order_id, "payment_failed", reason, compensate=True)
        case StockReservationFailed(order_id, shortages):
            short = ", ".join(f"{s.sku} ({s.available} of {s.requested} left)" for s in shortages)
            yield CancelOrder(order_id, "out_of_stock", f"out of stock: {short}", compensate=False)
        case StockCompensated(order_id):
            yield CompleteCompensation(order_id)


def expire(event: OrderCreated) -> CancelOrder:
    """Say what orders does when the deadline of an order has come and nobody answered."""
    return CancelOrder(event.order_id, "timed_out", "timed out", compensate=True)
