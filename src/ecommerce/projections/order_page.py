"""Everything that a customer sees of an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec.structs import replace
from psycopg.sql import SQL

from ecommerce.events.orders import (
    Address,
    AuthenticationRequested,
    Charge,
    CompensateInventory,
    Customer,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderLine,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.kernel import Money, Value
from ecommerce.projections.projection import found
from ecommerce.projections.rows import bounded, fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "order_page"
KEY: Final = ("order_id",)
DDL: Final = """
create table order_page (
    order_id text primary key,
    position bigint not null,
    owner text not null,
    reference text,
    status text not null,
    customer jsonb not null,
    shipping_address jsonb not null,
    lines jsonb not null,
    charges jsonb not null,
    amount bigint not null,
    currency text not null,
    placed_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    code text,
    reason text,
    compensating boolean not null,
    compensated boolean not null,
    authentication_url text,
    refunded bigint,
    carrier text,
    tracking text
);
create unique index on order_page (position);
create index on order_page (owner, position);
create index on order_page (reference) where reference is not null;
"""


class OrderPage(Value, frozen=True):
    """An order as its customer sees it. `position` is that of its creation: the later, the newer.

    `code` and `reason` say why it was cancelled; `compensating`, that stock is on its way back, and
    `compensated`, that nothing is held for it any more. `authentication_url` is where the customer
    is to confirm the payment, while the order waits for that; `refunded` is what was paid back.
    """

    order_id: str
    position: int
    owner: str
    reference: str | None
    status: Literal["open", "confirmed", "shipped", "delivered", "cancelled"]
    customer: Customer
    shipping_address: Address
    lines: tuple[OrderLine, ...]
    charges: tuple[Charge, ...]
    amount: int
    currency: str
    placed_at: datetime
    created_at: datetime
    updated_at: datetime
    code: str | None = None
    reason: str | None = None
    compensating: bool = False
    compensated: bool = False
    authentication_url: str | None = None
    refunded: int | None = None
    carrier: str | None = None
    tracking: str | None = None

    @property
    def total(self) -> Money:
        """What the order costs, lines and charges together."""
        return Money(self.amount, self.currency)


Row: TypeAlias = OrderPage
Source: TypeAlias = OrderEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which order an event is about."""
    return (recorded.event.order_id,)


def evolve(row: OrderPage | None, recorded: Recorded[Source]) -> OrderPage:
    """Say what an event makes of an order's page."""
    event = recorded.event
    if isinstance(event, OrderCreated):
        return _created(event, recorded)
    page = replace(found(row, recorded), updated_at=recorded.time)
    match event:
        case AuthenticationRequested(url=url):
            return replace(page, authentication_url=url)
        case OrderConfirmed():
            return replace(page, status="confirmed", authentication_url=None)
        case OrderShipped(carrier=carrier, tracking=tracking):
            return replace(page, status="shipped", carrier=carrier, tracking=tracking)
        case OrderDelivered():
            return replace(page, status="delivered")
        case OrderCancelled(reason=reason, code=code):
            dead = replace(page, status="cancelled", authentication_url=None)
            return replace(dead, reason=reason, code=code)
        case CompensateInventory():
            return replace(page, compensating=True)
        case OrderCompensated():
            return replace(page, compensating=False, compensated=True)
        case OrderRefunded(amount=amount):
            return replace(page, refunded=amount.amount)


def _created(event: OrderCreated, recorded: Recorded[Any]) -> OrderPage:
    return OrderPage(
        order_id=event.order_id,
        position=recorded.position,
        owner=event.owner,
        reference=event.reference,
        status="open",
        customer=event.customer,
        shipping_address=event.shipping_address,
        lines=event.lines,
        charges=event.charges,
        amount=event.total.amount,
        currency=event.total.currency,
        placed_at=event.placed_at,
        created_at=recorded.time,
        updated_at=recorded.time,
    )


async def find(db: Connection, order_id: str) -> OrderPage | None:
    """Find an order by its id."""
    query = "select * from order_page where order_id = %(order_id)s"
    return next(iter(await fetch(db, OrderPage, query, {"order_id": order_id})), None)


async def find_all(db: Connection, order_ids: Sequence[str]) -> list[OrderPage]:
    """Find those of these orders that there are."""
    query = "select * from order_page where order_id = any(%(order_ids)s)"
    return await fetch(db, OrderPage, query, {"order_ids": [*order_ids]})


_LIST: Final = SQL("select * from order_page where {where} order by position desc limit %(limit)s")
_ALL: Final = SQL("true")
_OLDER: Final = SQL(
    "position < (select position from order_page where order_id = %(after)s)",
)
_OWNED: Final = SQL("owner = %(owner)s")
_REFERRED: Final = SQL("reference = any(%(references)s)")


async def list_orders(
    db: Connection,
    *,
    owner: str | None = None,
    references: Sequence[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> list[OrderPage]:
    """List orders, newest first, from the one after the order `after`.

    Only those of `owner`, if given, and only those with one of `references`, if there are any.
    """
    where = [
        _ALL,
        *([_OWNED] if owner is not None else []),
        *([_REFERRED] if references else []),
        *([_OLDER] if after is not None else []),
    ]
    query = _LIST.format(where=SQL(" and ").join(where))
    values = {"owner": owner, "references": [*references], "after": after, "limit": bounded(limit)}
    return await fetch(db, OrderPage, query, values)
