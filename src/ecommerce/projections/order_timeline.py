"""Every event of an order in every service, and what caused it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from ecommerce.events.notifications import (
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.kernel import Value
from ecommerce.projections.details import EventOfAnOrder, detail
from ecommerce.projections.rows import bounded, fetch
from ecommerce.projections.waiting import Waiting, waits
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "order_timeline"
KEY: Final = ("id",)
DDL: Final = """
create table order_timeline (
    id text primary key,
    order_id text not null,
    time timestamptz not null,
    source text not null,
    position bigint not null,
    type text not null,
    stream text not null,
    cause text not null,
    actor text not null,
    detail text not null
);
create index on order_timeline (order_id, time);
"""


class Step(Value, frozen=True):
    """An event of an order. `cause` is the id of the event or the request that led to it."""

    id: str
    order_id: str
    time: datetime
    source: str
    position: int
    type: str
    stream: str
    cause: str
    actor: str
    detail: str


Row: TypeAlias = Step
Source: TypeAlias = EventOfAnOrder


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which step an event is."""
    return (recorded.id,)


def evolve(_: Step | None, recorded: Recorded[Source]) -> Step:
    """Note an event as a step of its order, which is what all of its events belong to."""
    return Step(
        id=recorded.id,
        order_id=recorded.cause.correlation_id,
        time=recorded.time,
        source=recorded.source,
        position=recorded.position,
        type=type(recorded.event).__name__,
        stream=recorded.stream,
        cause=recorded.cause.causation_id,
        actor=recorded.cause.actor,
        detail=detail(recorded.event),
    )


LONGEST: Final = 10_000
"""The steps of the largest order: some for each of its SKUs, and a few more."""


async def timeline(db: Connection, order_id: str, limit: int = LONGEST) -> list[Step]:
    """List the steps of an order, each after what caused it; with a limit, the first ones."""
    query = """
        select * from order_timeline where order_id = %(order_id)s
        order by time, source, position limit %(limit)s
    """
    values = {"order_id": order_id, "limit": bounded(limit, LONGEST)}
    return in_order(await fetch(db, Step, query, values))


async def counts(db: Connection, order_ids: Sequence[str]) -> dict[str, int]:
    """Count the steps of these orders; one that has none is left out."""
    query = """
        select order_id, count(*) from order_timeline where order_id = any(%s) group by order_id
    """
    return dict(await (await db.execute(query, ([*order_ids],))).fetchall())


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Sort steps by time, but never before their cause: the services' clocks may differ."""
    by_id = {step.id: step for step in steps}
    ranks: dict[str, tuple[datetime, int]] = {}

    def rank(step: Step) -> tuple[datetime, int]:
        if step.id not in ranks:
            ranks[step.id] = (step.time, 0)  # ends a circle of causes, which only a forger makes
            if cause := by_id.get(step.cause):
                time, depth = rank(cause)
                ranks[step.id] = (max(step.time, time), depth + 1)
        return ranks[step.id]

    return sorted(by_id.values(), key=lambda step: (*rank(step), step.source, step.position))


def waiting(steps: Iterable[Step]) -> list[Waiting]:
    """Say what an order waits for and since when; nothing, once all is done."""
    first: dict[str, datetime] = {}
    mails: dict[str, Waiting] = {}
    done: set[str] = set()
    for step in steps:
        first.setdefault(step.type, step.time)
        if step.type == NotificationQueued.__name__:
            mails[step.stream] = Waiting(step.detail, step.time)
        elif step.type in _MAILED:
            done.add(step.stream)
    return waits(first, [mail for stream, mail in mails.items() if stream not in done])


_MAILED: Final = {NotificationSent.__name__, NotificationFailed.__name__}
