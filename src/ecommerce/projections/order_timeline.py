"""Every event of an order in every service, what caused it, and what the order waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import field

from ecommerce.events.inventory import (
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
)
from ecommerce.events.notifications import (
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.events.orders import (
    AuthenticationRequested,
    CompensateInventory,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderCreated,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
)
from ecommerce.kernel import Event, Value
from ecommerce.projections.details import EventOfAnOrder, detail
from ecommerce.projections.rows import bounded, fetch
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


class Waiting(Value, frozen=True):
    """What an order waits for, and since when."""

    for_: str = field(name="for")
    since: datetime


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


_WAITS: Final[tuple[tuple[type[Event], str, tuple[type[Event], ...]], ...]] = (
    (
        OrderCreated,
        "inventory to reserve the stock",
        (StockReserved, StockReservationFailed, StockCompensated, OrderCancelled),
    ),
    (OrderCreated, "payments to note what is due", (PaymentRequested, PaymentClosed)),
    (
        StockReserved,
        "payments to begin the charge",
        (PaymentStarted, PaymentSucceeded, PaymentClosed, OrderCancelled),
    ),
    (
        PaymentStarted,
        "the payment provider to charge",
        (PaymentAuthenticationRequired, PaymentSucceeded, PaymentFailed, PaymentClosed),
    ),
    (
        PaymentAuthenticationRequired,
        "the customer to authenticate the payment",
        (PaymentSucceeded, PaymentFailed, PaymentClosed),
    ),
    (
        PaymentAuthenticationRequired,
        "orders to ask the customer",
        (AuthenticationRequested, OrderConfirmed, OrderCancelled),
    ),
    (PaymentSucceeded, "orders to confirm the order", (OrderConfirmed, OrderCancelled)),
    (StockReservationFailed, "orders to cancel the order", (OrderCancelled, OrderConfirmed)),
    (
        PaymentFailed,
        "orders to cancel the order",
        (OrderCancelled, OrderConfirmed, PaymentSucceeded),
    ),
    (OrderCancelled, "payments to let go of the order", (PaymentClosed,)),
    (CompensateInventory, "inventory to give the stock back", (StockCompensated,)),
    (StockCompensated, "orders to note that the stock is back", (OrderCompensated,)),
    (VoidStarted, "the payment provider to forget the charge", (PaymentVoided, PaymentSucceeded)),
    (RefundStarted, "the payment provider to refund", (PaymentRefunded,)),
    (PaymentRefunded, "orders to note that the money is back", (OrderRefunded,)),
    (OrderShipped, "inventory to count what was shipped", (StockShipped,)),
)
"""After which event an order waits, for what, and which events end the wait."""


def waiting(steps: Iterable[Step]) -> list[Waiting]:
    """Say what an order waits for and since when; nothing, once all is done."""
    steps = list(steps)
    first: dict[str, datetime] = {}
    for step in steps:
        first.setdefault(step.type, step.time)
    return [
        *(
            Waiting(what, first[after.__name__])
            for after, what, ends in _WAITS
            if after.__name__ in first and first.keys().isdisjoint(end.__name__ for end in ends)
        ),
        *_mails(steps),
    ]


def _mails(steps: list[Step]) -> Iterator[Waiting]:
    ends = {NotificationSent.__name__, NotificationFailed.__name__}
    done = {step.stream for step in steps if step.type in ends}
    for step in steps:
        if step.type == NotificationQueued.__name__ and step.stream not in done:
            yield Waiting(f"the mail server to take {step.detail}", step.time)
