"""Publishes a page of the log, and says how far it is confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, cast

import aiormq
from aio_pika.abc import AbstractChannel

from ecommerce.bus.message import write
from ecommerce.bus.reached import Reached
from ecommerce.store.envelope import routing_key
from ecommerce.store.log import Entry

_CONFIRM: Final = 15.0
"""Seconds that the broker has to confirm a message."""

Publish: TypeAlias = Callable[..., Awaitable[Any]]
"""Publishes a body with a routing key and properties, and returns once that is confirmed."""


async def publishing(channel: AbstractChannel, exchange: str) -> Publish:
    """Publish to an exchange."""
    # A page lies in the memory as it is: no message need wait until the one before it has left.
    below = cast("aiormq.Channel", await channel.get_underlay_channel())
    return partial(
        below.basic_publish, exchange=exchange, mandatory=True, timeout=_CONFIRM, wait=False
    )


async def send(
    publish: Publish, page: Sequence[Entry], topics: frozenset[str], previous: int
) -> tuple[Reached, BaseException | None]:
    """Publish the events of these topics, the first of which follows the one at `previous`.

    Says how far the page is confirmed without a hole, and what broke it off.
    """
    public = [entry for entry in page if entry.topic in topics]
    before = [previous, *(entry.position for entry in public)]
    results = await asyncio.gather(
        *(_send_one(publish, *each) for each in zip(public, before, strict=False)),
        return_exceptions=True,
    )
    for confirmed, result in zip(before, results, strict=False):
        if isinstance(result, BaseException):
            return Reached(confirmed, confirmed), result
    return Reached(page[-1].position, before[-1]), None


async def _send_one(publish: Publish, entry: Entry, previous: int) -> None:
    properties = write(entry.document, entry.position, previous).properties
    key = routing_key(entry.topic, entry.stream)
    await publish(entry.document, routing_key=key, properties=properties)
