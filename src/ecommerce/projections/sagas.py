"""How far each order is on its way through the services, and what it waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from msgspec.structs import replace
from psycopg.sql import SQL

from ecommerce.events.inventory import ReservationEvent
from ecommerce.events.notifications import (
    NotificationEvent,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.events.orders import OrderEvent
from ecommerce.events.payments import PaymentEvent
from ecommerce.kernel import Value
from ecommerce.projections.rows import bounded, fetch
from ecommerce.projections.waiting import Waiting, waits
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "sagas"
KEY: Final = ("order_id",)
DDL: Final = """
create table sagas (
    order_id text primary key,
    began_at timestamptz not null,
    updated_at timestamptz not null,
    waits_since timestamptz,
    first jsonb not null,
    mails jsonb not null
);
create index on sagas (began_at, order_id);
create index on sagas (began_at, order_id) where waits_since is not null;
"""


class Saga(Value, frozen=True):
    """An order's way. `waits_since` is when its longest wait began; none, where all is done.

    `first` is the first time of each kind of event, `mails` are those not sent yet, by stream.
    """

    order_id: str
    began_at: datetime
    updated_at: datetime
    waits_since: datetime | None
    first: dict[str, datetime]
    mails: dict[str, Waiting]

    @property
    def waiting(self) -> list[Waiting]:
        """What the order waits for."""
        return waits(self.first, self.mails.values())


Row: TypeAlias = Saga
Source: TypeAlias = OrderEvent | ReservationEvent | PaymentEvent | NotificationEvent


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which order an event belongs to."""
    return (recorded.cause.correlation_id,)


def evolve(row: Saga | None, recorded: Recorded[Source]) -> Saga:
    """Say how far an event brings an order, whichever context's events come first."""
    time, kind = recorded.time, type(recorded.event).__name__
    saga = row or Saga(key(recorded)[0], time, time, time, {}, {})
    saga = replace(
        saga,
        began_at=min(saga.began_at, time),
        updated_at=max(saga.updated_at, time),
        first={**saga.first, kind: min(time, saga.first.get(kind, time))},
        mails=_mails(saga.mails, recorded),
    )
    return replace(saga, waits_since=min((wait.since for wait in saga.waiting), default=None))


def _mails(mails: dict[str, Waiting], recorded: Recorded[Source]) -> dict[str, Waiting]:
    match recorded.event:
        case NotificationQueued(mail=mail):
            return {**mails, recorded.stream: Waiting(mail.template, recorded.time)}
        case NotificationSent() | NotificationFailed():
            return {stream: mail for stream, mail in mails.items() if stream != recorded.stream}
        case _:
            return mails


_LIST: Final = SQL("""
select * from sagas where {state} and {after}
order by began_at desc, order_id desc limit %(limit)s
""")
_STATES: Final = {
    "waiting": SQL("waits_since is not null"),
    "settled": SQL("waits_since is null"),
    None: SQL("true"),
}
_OLDER: Final = SQL(
    "(began_at, order_id) < (select began_at, order_id from sagas where order_id = %(after)s)"
)


async def list_sagas(
    db: Connection, *, state: str | None, after: str | None, limit: int
) -> list[Saga]:
    """List the ways of orders, newest first, from the one after the order `after`.

    The state is `waiting`, `settled` or none, which is both.
    """
    query = _LIST.format(state=_STATES[state], after=SQL("true") if after is None else _OLDER)
    return await fetch(db, Saga, query, {"after": after, "limit": bounded(limit)})
