"""What payments tells the others: what an order owes, and what became of it."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.kernel import Event, Money, OrderId


class PaymentRequested(Event, frozen=True):
    """An order owes this; it is charged once its stock is held."""

    order_id: OrderId
    amount: Money
    payment_method: str


class PaymentStarted(Event, frozen=True):
    """The provider is asked to charge, under this event's id."""

    order_id: OrderId
    amount: Money
    payment_method: str


class PaymentAuthenticationRequired(Event, frozen=True):
    """The bank wants to hear from the customer before it pays."""

    order_id: OrderId
    intent: str
    """The provider's name of the charge that waits."""
    url: str
    """Where the customer authenticates it."""


class PaymentSucceeded(Event, frozen=True):
    """The money is captured. `charge` is the provider's name for it, none where nothing was due."""

    order_id: OrderId
    amount: Money
    charge: str | None


class PaymentFailed(Event, frozen=True):
    """The provider refused for good; nothing was captured."""

    order_id: OrderId
    code: str
    """The provider's code, such as `card_declined` or `insufficient_funds`."""
    reason: str
    """In words for the customer."""


class PaymentClosed(Event, frozen=True):
    """The order is dead: nothing is charged for it any more, and what was is refunded."""

    order_id: OrderId


class VoidStarted(Event, frozen=True):
    """The provider is asked to forget a charge that waits for the customer, under this event's id.

    Where the customer was quicker, the answer is that it was paid, and it is refunded.
    """

    order_id: OrderId
    intent: str


class PaymentVoided(Event, frozen=True):
    """The customer cannot pay for this dead order any more, and has not."""

    order_id: OrderId


class RefundStarted(Event, frozen=True):
    """The provider is asked to give back what was captured, under this event's id."""

    order_id: OrderId
    amount: Money
    charge: str


class PaymentRefunded(Event, frozen=True):
    """The customer has the money back."""

    order_id: OrderId
    amount: Money
    refund: str


PaymentEvent: TypeAlias = (
    PaymentRequested
    | PaymentStarted
    | PaymentAuthenticationRequired
    | PaymentSucceeded
    | PaymentFailed
    | PaymentClosed
    | VoidStarted
    | PaymentVoided
    | RefundStarted
    | PaymentRefunded
)
