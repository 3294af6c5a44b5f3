"""Payments notes what an order owes, charges it once its stock is held, and lets go of the dead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ecommerce.aggregates.payments import (
    ClosePayment,
    PaymentCommand,
    RequestPayment,
    StartPayment,
)
from ecommerce.events.inventory import StockReserved
from ecommerce.events.orders import OrderCancelled, OrderCreated

Trigger: TypeAlias = OrderCreated | OrderCancelled | StockReserved


def react(event: Trigger, _event_id: str) -> Iterator[PaymentCommand]:
    """Say what payments does about another context's event."""
    match event:
        case OrderCreated(order_id):
            yield RequestPayment(order_id, event.total, event.payment_method)
        case StockReserved(order_id):
            yield StartPayment(order_id)
        case OrderCancelled(order_id):
            yield ClosePayment(order_id)
