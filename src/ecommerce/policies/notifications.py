"""A customer who gave an e-mail address hears of each turn that an order takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ecommerce.aggregates.notifications import QueueNotification
from ecommerce.events.notifications import Mail
from ecommerce.events.orders import Customer, OrderCancelled, OrderConfirmed, OrderCreated
from ecommerce.kernel import Money

Trigger: TypeAlias = OrderCreated | OrderConfirmed | OrderCancelled


def react(event: Trigger, event_id: str) -> Iterator[QueueNotification]:
    """Say which mail is due because of an order's event."""
    match event:
        case OrderCreated(total=total):
            yield from _mail(event_id, "order_received", event, total=total)
        case OrderConfirmed(total=total):
            yield from _mail(event_id, "order_confirmed", event, total=total)
        case OrderCancelled(reason=reason):
            yield from _mail(event_id, "order_cancelled", event, reason=reason)


def _mail(
    about: str,
    template: str,
    event: Trigger,
    *,
    total: Money | None = None,
    reason: str | None = None,
) -> Iterator[QueueNotification]:
    customer: Customer = event.customer
    if customer.email:
        mail = Mail(template, customer.email, customer.name, event.order_id, total, reason)
        yield QueueNotification(about, mail)
