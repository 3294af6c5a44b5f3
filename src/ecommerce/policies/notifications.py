"""A customer who gave an e-mail address hears of each turn that an order takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ecommerce.aggregates.notifications import QueueNotification
from ecommerce.events.notifications import Mail
from ecommerce.events.orders import (
    AuthenticationRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderRefunded,
    OrderShipped,
)

Trigger: TypeAlias = (
    OrderCreated
    | AuthenticationRequested
    | OrderConfirmed
    | OrderShipped
    | OrderCancelled
    | OrderRefunded
)


def react(event: Trigger, event_id: str) -> Iterator[QueueNotification]:
    """Say which mail is due because of an order's event."""
    if event.customer.email:
        yield QueueNotification(event_id, _mail(event, event.customer.email))


def _mail(event: Trigger, to: str) -> Mail:
    name, order_id = event.customer.name, event.order_id
    match event:
        case OrderCreated(total=total):
            return Mail("order_received", to, name, order_id, total)
        case AuthenticationRequested(total=total, url=url):
            return Mail("authentication_requested", to, name, order_id, total, url=url)
        case OrderConfirmed(total=total):
            return Mail("order_confirmed", to, name, order_id, total)
        case OrderShipped(carrier=carrier, tracking=tracking):
            return Mail("order_shipped", to, name, order_id, carrier=carrier, tracking=tracking)
        case OrderCancelled(reason=reason):
            return Mail("order_cancelled", to, name, order_id, reason=reason)
        case OrderRefunded(amount=amount):
            return Mail("order_refunded", to, name, order_id, amount)
