"""One table: what makes each context."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeAlias

from litestar import Router
from msgspec.structs import replace

from ecommerce.adapters import notifications as mail_server
from ecommerce.adapters import payments as payment_provider
from ecommerce.adapters.payments.webhooks import parse_webhook
from ecommerce.aggregates import catalog as catalog_aggregates
from ecommerce.aggregates import inventory as inventory_aggregates
from ecommerce.aggregates import notifications as notifications_aggregates
from ecommerce.aggregates import orders as orders_aggregates
from ecommerce.aggregates import payments as payments_aggregates
from ecommerce.api import audit, catalog, inventory, notifications, orders, payments
from ecommerce.api.reading import Read
from ecommerce.bus.member import Member
from ecommerce.config import Settings
from ecommerce.events import PUBLISHED
from ecommerce.events.notifications import NotificationQueued
from ecommerce.events.orders import OrderCancelled, OrderConfirmed, OrderCreated
from ecommerce.events.payments import PaymentClosed, PaymentStarted, RefundStarted, VoidStarted
from ecommerce.kernel import Command, Decider, Event, Value
from ecommerce.policies import inventory as inventory_policy
from ecommerce.policies import notifications as notifications_policy
from ecommerce.policies import orders as orders_policy
from ecommerce.policies import payments as payments_policy
from ecommerce.projections import (
    movements,
    notification_page,
    order_page,
    order_timeline,
    payment_page,
    price_list,
    products,
    sagas,
    sales,
    stock,
)
from ecommerce.projections.projection import Projection, sources
from ecommerce.store.unit import Submit

Calls: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Mapping[type[Event], Any]]]
"""Opens what a context calls outside: for each event that is an intent, who carries it out."""

Routes: TypeAlias = Callable[[Submit, Read, Settings], list[Router]]


@asynccontextmanager
async def _no_calls(_: Settings) -> AsyncIterator[Mapping[type[Event], Any]]:
    yield {}


class Context(Value, frozen=True):
    """A context: how it decides, what it reacts to, shows, and does outside or later."""

    member: Member
    decider: Decider | None = None
    """Its aggregate module."""
    projections: tuple[Projection, ...] = ()
    routes: Routes = lambda *_: []
    intents: tuple[type[Event], ...] = ()
    """The events that say what to do outside; each makes a row in `calls`."""
    calls: Calls = _no_calls
    withdraws: tuple[type[Event], ...] = ()
    """The events that withdraw what their stream has called for and not begun."""
    timers: Mapping[type[Event], Callable[[Any], Command]] = {}
    """The events that set a timer, the order's deadline -> what to do when it is due."""
    ends: tuple[type[Event], ...] = ()
    """The events that take back their stream's timers."""

    @property
    def name(self) -> str:
        """Name the context."""
        return self.member.name


_TABLE: Final = (
    Context(
        Member("catalog"),
        catalog_aggregates,
        projections=(products,),
        routes=lambda submit, read, _: [catalog.router(submit, read)],
    ),
    Context(
        Member("orders", 3, orders_policy.Trigger, orders_policy.react),
        orders_aggregates,
        projections=(price_list, order_page, sales),
        routes=lambda submit, read, _: [orders.router(submit, read)],
        timers={OrderCreated: orders_policy.expire},
        ends=(OrderConfirmed, OrderCancelled),
    ),
    Context(
        Member("inventory", 3, inventory_policy.Trigger, inventory_policy.react),
        inventory_aggregates,
        projections=(stock, movements),
        routes=lambda submit, read, _: [inventory.router(submit, read)],
    ),
    Context(
        Member("payments", 3, payments_policy.Trigger, payments_policy.react),
        payments_aggregates,
        projections=(payment_page,),
        routes=lambda submit, read, settings: [
            payments.router(submit, read, parse_webhook(settings.payment_webhook_secret))
        ],
        intents=(PaymentStarted, VoidStarted, RefundStarted),
        calls=lambda settings: payment_provider.calls(
            settings.payment_url, settings.payment_key, settings.payment_return_url
        ),
        withdraws=(PaymentClosed,),
    ),
    Context(
        Member("notifications", 3, notifications_policy.Trigger, notifications_policy.react),
        notifications_aggregates,
        projections=(notification_page,),
        routes=lambda _, read, __: [notifications.router(read)],
        intents=(NotificationQueued,),
        calls=lambda settings: mail_server.calls(settings.smtp_url, settings.mail_from),
    ),
    Context(
        Member("audit"),
        projections=(order_timeline, sagas),
        routes=lambda _, read, __: [audit.router(read)],
    ),
)


def _with_histories(context: Context) -> Context:
    read = {source for projection in context.projections for source in sources(projection)}
    foreign = tuple(name for name in PUBLISHED if name in read - {context.name})
    return replace(context, member=replace(context.member, histories=foreign))


CONTEXTS: Final = {context.name: _with_histories(context) for context in _TABLE}
