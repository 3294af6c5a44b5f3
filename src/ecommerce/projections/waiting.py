"""What an order waits for: after which event for what, and what ends the wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import field

from ecommerce.events.inventory import (
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
)
from ecommerce.events.orders import (
    AuthenticationRequested,
    CompensateInventory,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
)
from ecommerce.kernel import Event, Value


class Waiting(Value, frozen=True):
    """What an order waits for, and since when."""

    for_: str = field(name="for")
    since: datetime


_WAITS: Final[tuple[tuple[type[Event], str, tuple[type[Event], ...]], ...]] = (
    (
        OrderCreated,
        "inventory to reserve the stock",
        (StockReserved, StockReservationFailed, StockCompensated, OrderCancelled),
    ),
    (OrderCreated, "payments to note what is due", (PaymentRequested, PaymentClosed)),
    (
        StockReserved,
        "payments to begin the charge",
        (PaymentStarted, PaymentSucceeded, PaymentClosed, OrderCancelled),
    ),
    (
        PaymentStarted,
        "the payment provider to charge",
        (PaymentAuthenticationRequired, PaymentSucceeded, PaymentFailed, PaymentClosed),
    ),
    (
        PaymentAuthenticationRequired,
        "the customer to authenticate the payment",
        (PaymentSucceeded, PaymentFailed, PaymentClosed),
    ),
    (
        PaymentAuthenticationRequired,
        "orders to ask the customer",
        (AuthenticationRequested, OrderConfirmed, OrderCancelled),
    ),
    (PaymentSucceeded, "orders to confirm the order", (OrderConfirmed, OrderCancelled)),
    (StockReservationFailed, "orders to cancel the order", (OrderCancelled, OrderConfirmed)),
    (
        PaymentFailed,
        "orders to cancel the order",
        (OrderCancelled, OrderConfirmed, PaymentSucceeded),
    ),
    (OrderCancelled, "payments to let go of the order", (PaymentClosed,)),
    (CompensateInventory, "inventory to give the stock back", (StockCompensated,)),
    (StockCompensated, "orders to note that the stock is back", (OrderCompensated,)),
    (VoidStarted, "the payment provider to forget the charge", (PaymentVoided, PaymentSucceeded)),
    (RefundStarted, "the payment provider to refund", (PaymentRefunded,)),
    (PaymentRefunded, "orders to note that the money is back", (OrderRefunded,)),
    (OrderShipped, "inventory to count what was shipped", (StockShipped,)),
)
"""After which event an order waits, for what, and which events end the wait."""


def waits(first: Mapping[str, datetime], mails: Iterable[Waiting]) -> list[Waiting]:
    """Say what an order waits for: by the first time of each kind of event, and its unsent mails.

    Nothing, once all is done. The order in which the events came does not matter.
    """
    return [
        *(
            Waiting(what, first[after.__name__])
            for after, what, ends in _WAITS
            if after.__name__ in first and first.keys().isdisjoint(end.__name__ for end in ends)
        ),
        *(Waiting(f"the mail server to take {mail.for_}", mail.since) for mail in mails),
    ]
