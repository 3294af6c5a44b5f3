"""What an event of an order says in a few words for people, without personal data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ecommerce.events.inventory import (
    ReservationEvent,
    Shortage,
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.events.notifications import (
    NotificationEvent,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.events.orders import (
    AuthenticationRequested,
    CompensateInventory,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.events.parking import MessageDiscarded
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

EventOfAnOrder: TypeAlias = (
    OrderEvent
    | ReservationEvent
    | UnitsReserved
    | UnitsReleased
    | UnitsShipped
    | PaymentEvent
    | NotificationEvent
    | MessageDiscarded
)


def detail(event: EventOfAnOrder) -> str:  # noqa: C901 - a table, a row for each kind
    """Say what is worth knowing of an event beside its name; empty where that says it all."""
    match event:
        case OrderCreated(lines=lines, total=total):
            return f"{_skus([line.sku for line in lines])}, {total}"
        case OrderCancelled(code=code, reason=reason) | PaymentFailed(code=code, reason=reason):
            return f"{code}: {reason}"
        case CompensateInventory(skus=skus):
            return _skus(skus)
        case OrderShipped(carrier=carrier, tracking=tracking):
            return " ".join(filter(None, (carrier, tracking)))
        case StockReserved(items=items) | StockCompensated(items=items) | StockShipped(items=items):
            return _skus([item.sku for item in items])
        case StockReservationFailed(shortages=shortages):
            return ", ".join(map(_short, shortages))
        case (
            UnitsReserved(sku, _, quantity)
            | UnitsReleased(sku, _, quantity)
            | UnitsShipped(sku, _, quantity)
        ):
            return f"{quantity} of {sku}"
        case (
            OrderConfirmed(total=amount)
            | AuthenticationRequested(total=amount)
            | OrderRefunded(amount=amount)
            | PaymentRequested(amount=amount)
            | PaymentStarted(amount=amount)
            | PaymentSucceeded(amount=amount)
            | RefundStarted(amount=amount)
            | PaymentRefunded(amount=amount)
        ):
            return str(amount)
        case NotificationQueued(mail=mail):
            return mail.template
        case MessageDiscarded(message_type=kind, trouble=trouble, reason=reason):
            return f"{kind or 'a message'} ({trouble}) was given up: {reason}"
        case NotificationFailed():
            return "the mail server refused it"  # in its own words, it would name the address
        case (
            OrderCompensated()
            | OrderDelivered()
            | PaymentAuthenticationRequired()
            | PaymentClosed()
            | VoidStarted()
            | PaymentVoided()
            | NotificationSent()
        ):
            return ""


def _skus(skus: Sequence[str]) -> str:
    count = len(set(skus))
    return f"{count} SKU{'' if count == 1 else 's'}"


def _short(shortage: Shortage) -> str:
    return f"{shortage.sku}: {shortage.available} of {shortage.requested} left"
