"""Which mails are due about each order, and what became of them; to whom is not told."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from ecommerce.events.notifications import (
    NotificationEvent,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.kernel import Value
from ecommerce.projections.projection import found
from ecommerce.projections.rows import bounded, fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "notification_page"
KEY: Final = ("about",)
DDL: Final = """
create table notification_page (
    about text primary key,
    order_id text not null,
    position bigint not null,
    template text not null,
    status text not null,
    queued_at timestamptz not null,
    ended_at timestamptz
);
create index on notification_page (order_id, position);
"""


class NotificationPage(Value, frozen=True):
    """A mail about an event, whose id is `about`. `position` is that of its queueing."""

    about: str
    order_id: str
    position: int
    template: str
    status: Literal["queued", "sent", "failed"]
    queued_at: datetime
    ended_at: datetime | None = None


Row: TypeAlias = NotificationPage
Source: TypeAlias = NotificationEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which mail an event is about."""
    return (recorded.event.about,)


def evolve(row: NotificationPage | None, recorded: Recorded[Source]) -> NotificationPage:
    """Say what an event makes of a mail."""
    event, time, position = recorded.event, recorded.time, recorded.position
    match event:
        case NotificationQueued(about, mail):
            return NotificationPage(about, mail.order_id, position, mail.template, "queued", time)
        case NotificationSent():
            return replace(found(row, recorded), status="sent", ended_at=time)
        case NotificationFailed():
            return replace(found(row, recorded), status="failed", ended_at=time)


async def list_notifications(
    db: Connection, order_id: str, after: int | None, limit: int
) -> list[NotificationPage]:
    """List the mails about an order, oldest first, from the one after the position `after`."""
    query = """
        select * from notification_page where order_id = %(order_id)s and position > %(after)s
        order by position limit %(limit)s
    """
    values = {"order_id": order_id, "after": after or 0, "limit": bounded(limit)}
    return await fetch(db, NotificationPage, query, values)
