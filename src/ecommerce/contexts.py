"""One table: what makes each context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ecommerce.aggregates import catalog as products
from ecommerce.aggregates import inventory as stocks
from ecommerce.aggregates import notifications as mails
from ecommerce.aggregates import orders as order
from ecommerce.aggregates import payments as payment
from ecommerce.bus.member import Member
from ecommerce.events.notifications import NotificationQueued
from ecommerce.events.orders import OrderCreated
from ecommerce.events.payments import PaymentClosed, PaymentStarted, RefundStarted
from ecommerce.kernel import Decider, Event, Value
from ecommerce.policies import inventory, notifications, orders, payments


class Context(Value, frozen=True):
    """A context: how it decides, what it reacts to, and what it must do outside or later."""

    member: Member
    decider: Decider | None = None
    """Its aggregate module."""
    calls: tuple[type[Event], ...] = ()
    """The events that are an intent: each makes a row in `calls`."""
    withdraws: tuple[type[Event], ...] = ()
    """The events that withdraw what their stream has called for and not begun."""
    timers: Mapping[type[Event], Any] = {}
    """The events that set a timer -> the command that it gives when it is due."""

    @property
    def name(self) -> str:
        """Name the context."""
        return self.member.name


CONTEXTS: Final = {
    context.name: context
    for context in (
        Context(Member("catalog", histories=("inventory",)), products),
        Context(
            Member("orders", 3, orders.Trigger, orders.react, histories=("catalog",)),
            order,
            timers={OrderCreated: orders.expire},
        ),
        Context(Member("inventory", 3, inventory.Trigger, inventory.react), stocks),
        Context(
            Member("payments", 3, payments.Trigger, payments.react),
            payment,
            calls=(PaymentStarted, RefundStarted),
            withdraws=(PaymentClosed,),
        ),
        Context(
            Member("notifications", 3, notifications.Trigger, notifications.react),
            mails,
            calls=(NotificationQueued,),
        ),
        Context(
            Member(
                "audit",
                histories=("catalog", "orders", "inventory", "payments", "notifications"),
            )
        ),
    )
}
