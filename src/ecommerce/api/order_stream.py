"""The events of one order as they happen, as server-sent events (WHATWG HTML)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from heapq import merge
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, SkipValidation
from litestar.response import ServerSentEvent, ServerSentEventMessage

from ecommerce.api.caller import needs
from ecommerce.api.looking import Looks
from ecommerce.api.problems import RETRY_AFTER, Refused, documented, problem
from ecommerce.api.reading import POSITIONS, OrderIdInPath, Read
from ecommerce.events.orders import OrderCancelled, OrderDelivered
from ecommerce.kernel import Value
from ecommerce.projections import order_timeline
from ecommerce.projections.order_timeline import Step, waiting
from ecommerce.projections.reader import parse

MOST: Final = 500
"""Clients that one process follows orders for."""
FIRST: Final = 5.0
"""Seconds in which an order that was just placed comes to be known here."""
BEAT: Final = 10.0
"""Seconds of silence after which a comment shows that the connection lives."""
LONGEST: Final = 600.0
"""Seconds after which a client has to connect again: so they spread over the instances."""

Steps: TypeAlias = Looks[int]
"""Looks at how many events there are of an order."""

LastEventId: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        description="The id of the last event seen; all others follow.",
        pattern=POSITIONS,
        max_length=400,
    ),
]


class Told(Value, frozen=True):
    """One server-sent event."""

    event: str
    """The type of what happened, or `end` where nothing more is to come."""
    data: str
    """A step of the timeline, as JSON."""
    id: str | None = None
    """What to send back as `Last-Event-ID`."""


STREAM: Final = ResponseSpec(
    Told,
    generate_examples=False,
    media_type="text/event-stream",
    description="Server-sent events as they happen; the schema is that of each.",
)
ENDED: Final = ResponseSpec(
    None, generate_examples=False, description="All was seen, and nothing more is to come."
)


def steps(read: Read) -> Steps:
    """Make what looks at orders for those who follow them."""

    async def find(order_ids: Sequence[str]) -> Mapping[str, int]:
        async with read(order_timeline.NAME, None) as db:
            return await order_timeline.counts(db, order_ids)

    return Looks(find)


@get(
    "/orders/{order_id:str}/events",
    media_type="text/event-stream",
    **needs("orders:read", owner="placer"),
    responses={200: STREAM, 204: ENDED, **documented(400, 404, 503, "TooManyFollowers")},
)
async def follow_order(
    order_id: OrderIdInPath,
    read: NamedDependency[SkipValidation[Read]],
    looks: NamedDependency[SkipValidation[Steps]],
    last_event_id: LastEventId = None,
) -> Response[Any]:
    """Follow an order: its events in every service as they happen, as server-sent events.

    Each has the event's type as its name, a step of the timeline as its data, and an id to go on
    from: `Last-Event-ID`, which browsers send by themselves. The stream ends with an event `end`
    once the order is delivered, or cancelled with all undone; whoever comes back then gets 204.
    """
    if looks.waiting >= MOST:
        told = problem(503, "Too many clients follow orders here. Try again.", "TooManyFollowers")
        raise Refused(told, RETRY_AFTER)
    seen = parse(last_event_id)
    known = await _timeline(read, order_id)
    if not known and await looks.until(order_id, bool, FIRST) is None:
        raise NotFoundException(f"Nothing is known of an order {order_id}.")
    if has_ended(known) and not [*unseen(known, seen)]:
        return Response(None, status_code=204)
    messages = _messages(read, looks, order_id, seen)
    return ServerSentEvent(messages, headers={"Cache-Control": "no-store"})


async def _timeline(read: Read, order_id: str) -> list[Step]:
    async with read(order_timeline.NAME, None) as db:
        return await order_timeline.timeline(db, order_id)


async def _messages(
    read: Read, looks: Steps, order_id: str, seen: dict[str, int]
) -> AsyncIterator[ServerSentEventMessage]:
    until = asyncio.get_running_loop().time() + LONGEST
    while asyncio.get_running_loop().time() < until:
        known = await _timeline(read, order_id)
        for step in unseen(known, seen):
            seen[step.source] = step.position
            yield _message(step, seen)
        if has_ended(known):
            yield ServerSentEventMessage(event="end", data="{}")
            return
        count = len(known)
        if await looks.until(order_id, lambda now: now > count, BEAT) is None:  # noqa: B023
            yield ServerSentEventMessage(data=None, comment="nothing new")


def _message(step: Step, seen: Mapping[str, int]) -> ServerSentEventMessage:
    position = ",".join(f"{source}@{position}" for source, position in sorted(seen.items()))
    return ServerSentEventMessage(
        event=step.type, id=position, data=msgspec.json.encode(step).decode()
    )


def unseen(steps: Sequence[Step], seen: Mapping[str, int]) -> Iterator[Step]:
    """Give the steps beyond a position of each source, each source's in the order of its log."""
    places = {step.id: number for number, step in enumerate(steps)}
    by_source: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.position):
        if step.position > seen.get(step.source, 0):
            by_source.setdefault(step.source, []).append(step)
    return merge(*by_source.values(), key=lambda step: places[step.id])


def has_ended(steps: Sequence[Step]) -> bool:
    """Say whether nothing more is to come of an order."""
    types = {step.type for step in steps}
    if OrderDelivered.__name__ in types:
        return True
    return OrderCancelled.__name__ in types and not waiting(steps)
