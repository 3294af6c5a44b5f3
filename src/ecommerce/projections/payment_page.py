"""What became of the money of each order."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

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
from ecommerce.kernel import Money, Value
from ecommerce.projections.projection import found
from ecommerce.projections.rows import fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "payment_page"
KEY: Final = ("order_id",)
DDL: Final = """
create table payment_page (
    order_id text primary key,
    status text not null,
    closed boolean not null,
    amount bigint,
    currency text,
    payment_method text,
    charge text,
    refund text,
    failure_code text,
    failure_reason text,
    authentication_url text,
    created_at timestamptz not null,
    updated_at timestamptz not null
)
"""


class PaymentPage(Value, frozen=True):
    """A payment. `closed`: its order is dead, so nothing will be charged and all is given back.

    A payment closed before anything was due has no amount, and the status `not_requested`.
    """

    order_id: str
    status: Literal[
        "not_requested",
        "requested",
        "started",
        "authenticating",
        "succeeded",
        "failed",
        "voided",
        "refunding",
        "refunded",
    ]
    created_at: datetime
    updated_at: datetime
    closed: bool = False
    amount: int | None = None
    currency: str | None = None
    payment_method: str | None = None
    charge: str | None = None
    refund: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    authentication_url: str | None = None

    @property
    def due(self) -> Money | None:
        """What the order owes."""
        if self.amount is None or self.currency is None:
            return None
        return Money(self.amount, self.currency)


Row: TypeAlias = PaymentPage
Source: TypeAlias = PaymentEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which payment an event is about."""
    return (recorded.event.order_id,)


def evolve(  # noqa: C901 - a table, a row for each kind
    row: PaymentPage | None, recorded: Recorded[Source]
) -> PaymentPage:
    """Say what an event makes of a payment."""
    page = replace(_begun(row, recorded), updated_at=recorded.time)
    match event := recorded.event:
        case PaymentRequested():
            return _requested(page, event)
        case PaymentStarted():
            return replace(page, status="started")
        case PaymentAuthenticationRequired():
            return replace(page, status="authenticating", authentication_url=event.url)
        case PaymentSucceeded():
            paid = replace(page, status="succeeded", authentication_url=None, charge=event.charge)
            return replace(paid, failure_code=None, failure_reason=None)
        case PaymentFailed(_, code, reason):
            failed = replace(page, status="failed", authentication_url=None)
            return replace(failed, failure_code=code, failure_reason=reason)
        case PaymentClosed():
            return replace(page, closed=True, authentication_url=None)
        case VoidStarted():
            return page
        case PaymentVoided():
            return replace(page, status="voided")
        case RefundStarted():
            return replace(page, status="refunding")
        case PaymentRefunded():
            return replace(page, status="refunded", refund=event.refund)


def _begun(row: PaymentPage | None, recorded: Recorded[Source]) -> PaymentPage:
    event, time = recorded.event, recorded.time
    if isinstance(event, PaymentRequested | PaymentClosed) and row is None:
        return PaymentPage(event.order_id, "not_requested", created_at=time, updated_at=time)
    return found(row, recorded)


def _requested(page: PaymentPage, event: PaymentRequested) -> PaymentPage:
    due, method = event.amount, event.payment_method
    asked = replace(page, status="requested", payment_method=method)
    return replace(asked, amount=due.amount, currency=due.currency)


async def find(db: Connection, order_id: str) -> PaymentPage | None:
    """Find the payment of an order."""
    query = "select * from payment_page where order_id = %(order_id)s"
    return next(iter(await fetch(db, PaymentPage, query, {"order_id": order_id})), None)
