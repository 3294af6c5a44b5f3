"""What notifications tells the others: which mail is due, and what became of it."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.kernel import Event, Money, OrderId, Personal, Value


class Mail(Value, frozen=True):
    """A mail to be rendered from the template of that name."""

    template: str
    to: Personal[str]
    name: Personal[str | None]
    order_id: OrderId
    total: Money | None = None
    reason: str | None = None
    url: str | None = None
    """Where the customer is asked to go."""
    carrier: str | None = None
    tracking: str | None = None


class NotificationQueued(Event, frozen=True):
    """A mail is due because of an event; `about` is that event's id and makes the Message-ID."""

    about: str
    mail: Mail


class NotificationSent(Event, frozen=True):
    """The mail server took the mail."""

    about: str


class NotificationFailed(Event, frozen=True):
    """The mail server refused the mail for good."""

    about: str
    reason: str


NotificationEvent: TypeAlias = NotificationQueued | NotificationSent | NotificationFailed
