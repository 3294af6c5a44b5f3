"""The published facts of each context: the only thing that contexts share."""

from __future__ import annotations

from typing import Any, Final

from ecommerce.events.catalog import ProductEvent
from ecommerce.events.inventory import ReservationEvent, StockEvent
from ecommerce.events.notifications import NotificationEvent
from ecommerce.events.orders import OrderEvent
from ecommerce.events.parking import MessageDiscarded
from ecommerce.events.payments import PaymentEvent

PUBLISHED: Final[dict[str, dict[str, Any]]] = {
    "catalog": {"product": ProductEvent},
    "orders": {"order": OrderEvent, "parked": MessageDiscarded},
    "inventory": {
        "stock": StockEvent,
        "reservation": ReservationEvent,
        "parked": MessageDiscarded,
    },
    "payments": {"payment": PaymentEvent, "parked": MessageDiscarded},
    "notifications": {"notification": NotificationEvent, "parked": MessageDiscarded},
}
"""Context -> aggregate (the first part of its streams' names) -> the events that it publishes.

Each context that reacts to others has a stream of its own for each message that it gave up."""
