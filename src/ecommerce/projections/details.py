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


def detail(event: EventOfAnOrder) -> str:
    """Say what is worth knowing of an event beside its name; empty where that says it all."""
    if isinstance(event, OrderEvent):
        return _of_order(event)
    if isinstance(event, PaymentEvent):
        return _of_payment(event)
    if isinstance(event, NotificationEvent | MessageDiscarded):
        return _of_message(event)
    return _of_stock(event)


def _of_order(event: OrderEvent) -> str:
    match event:
        case OrderCreated(lines=lines, total=total):
            return f"{_skus([line.sku for line in lines])}, {total}"
        case OrderCancelled(code=code, reason=reason):
            return f"{code}: {reason}"
        case CompensateInventory(skus=skus):
            return _skus(skus)
        case OrderShipped(carrier=carrier, tracking=tracking):
            return " ".join(filter(None, (carrier, tracking)))
        case OrderConfirmed(total=amount) | AuthenticationRequested(total=amount):
            return str(amount)
        case OrderRefunded(amount=amount):
            return str(amount)
        case OrderCompensated() | OrderDelivered():
            return ""


def _of_stock(event: ReservationEvent | UnitsReserved | UnitsReleased | UnitsShipped) -> str:
    match event:
        case StockReserved(items=items) | StockCompensated(items=items) | StockShipped(items=items):
            return _skus([item.sku for item in items])
        case StockReservationFailed(shortages=shortages):
            return ", ".join(map(_short, shortages))
        case UnitsReserved() | UnitsReleased() | UnitsShipped():
            return f"{event.quantity} of {event.sku}"


def _of_payment(event: PaymentEvent) -> str:
    match event:
        case PaymentFailed(code=code, reason=reason):
            return f"{code}: {reason}"
        case (
            PaymentRequested(amount=amount)
            | PaymentStarted(amount=amount)
            | PaymentSucceeded(amount=amount)
            | RefundStarted(amount=amount)
            | PaymentRefunded(amount=amount)
        ):
            return str(amount)
        case PaymentAuthenticationRequired() | PaymentClosed() | VoidStarted() | PaymentVoided():
            return ""


def _of_message(event: NotificationEvent | MessageDiscarded) -> str:
    match event:
        case NotificationQueued(mail=mail):
            return mail.template
        case NotificationFailed():
            return "the mail server refused it"  # in its own words, it would name the address
        case NotificationSent():
            return ""
        case MessageDiscarded(message_type=kind, trouble=trouble, reason=reason):
            return f"{kind or 'a message'} ({trouble}) was given up: {reason}"


def _skus(skus: Sequence[str]) -> str:
    count = len(set(skus))
    return f"{count} SKU{'' if count == 1 else 's'}"


def _short(shortage: Shortage) -> str:
    return f"{shortage.sku}: {shortage.available} of {shortage.requested} left"
