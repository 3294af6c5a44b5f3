"""Every movement of every SKU: what made its count what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from ecommerce.events.inventory import (
    StockEvent,
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Value
from ecommerce.projections.rows import bounded, fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "movements"
KEY: Final = ("sku", "position")
DDL: Final = """
create table movements (
    sku text not null,
    position bigint not null,
    time timestamptz not null,
    event text not null,
    quantity bigint not null,
    actor text not null,
    order_id text,
    reference text,
    reason text,
    primary key (sku, position)
)
"""


class Movement(Value, frozen=True):
    """One event of a SKU's stock; `event` is its name, and says what `quantity` did."""

    sku: str
    position: int
    time: datetime
    event: str
    quantity: int
    actor: str
    order_id: str | None = None
    reference: str | None = None
    reason: str | None = None


Row: TypeAlias = Movement
Source: TypeAlias = StockEvent


def key(recorded: Recorded[Source]) -> tuple[str, int]:
    """Say which movement an event is."""
    return recorded.event.sku, recorded.position


def evolve(_: Movement | None, recorded: Recorded[Source]) -> Movement:
    """Note an event as a movement."""
    event = recorded.event
    order_id = reference = reason = None
    match event:
        case UnitsReceived():
            reference = event.reference
        case UnitsAdjusted():
            reason = event.reason
        case UnitsReserved() | UnitsReleased() | UnitsShipped():
            order_id = event.order_id
    return Movement(
        sku=event.sku,
        position=recorded.position,
        time=recorded.time,
        event=type(event).__name__,
        quantity=event.quantity,
        actor=recorded.cause.actor,
        order_id=order_id,
        reference=reference,
        reason=reason,
    )


async def list_movements(db: Connection, sku: str, after: int | None, limit: int) -> list[Movement]:
    """List the movements of a SKU, newest first, from the one after the position `after`."""
    query = """
        select * from movements where sku = %(sku)s and position < %(after)s
        order by position desc limit %(limit)s
    """
    values = {"sku": sku, "after": _LAST if after is None else after, "limit": bounded(limit)}
    return await fetch(db, Movement, query, values)


_LAST: Final = 2**63 - 1
