"""All that another context ever published, in order, from any position on, replayed and live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Final

import structlog
from aio_pika.abc import AbstractConnection

from ecommerce.bus.chain import Chain, Page
from ecommerce.bus.connection import OUTAGES, connected, pauses
from ecommerce.bus.stream import Stream, consumed, following, gather, take_more

PAGE: Final = 500
_PROBE: Final = 2.0
_log = structlog.get_logger()


async def read_history(
    amqp_url: str, source: str, after: int, name: str = "history"
) -> AsyncGenerator[Page, None]:
    """Yield pages of a context's events after a position, for ever, through any outage.

    An empty page says that more has come, but not what is missing before it. `name` is what the
    broker's console shows.
    """
    chain, waits = Chain(source, after), pauses()
    while True:
        try:
            async with (
                connected(amqp_url, f"{name} of {source}") as connection,
                aclosing(_pages(connection, source, chain)) as pages,
            ):
                async for page in pages:
                    waits = pauses()
                    yield page
        except OUTAGES as error:
            _log.warning("history.interrupted", source=source, error=repr(error))
        await asyncio.sleep(next(waits))


async def _pages(
    connection: AbstractConnection, source: str, chain: Chain
) -> AsyncGenerator[Page, None]:
    start = await _offset(connection, source, chain.position)
    while True:
        async with consumed(connection, source, start, 2 * PAGE) as stream:
            while start == "first" or not chain.in_gap:
                page = chain.link(await gather(stream, PAGE))
                if page or (start == "first" and chain.in_gap):
                    yield page
        # A relay that was stopped, while another took the lead, may have repeated an old event just
        # where we began. What seems to be missing may stand before it.
        start, chain.in_gap = "first", False


async def newest(amqp_url: str, sources: Sequence[str]) -> dict[str, int]:
    """Say about how far these histories go: a position near the end of each, 0 where it is empty.

    Raises one of `OUTAGES`, also where the broker gives no answer in time.
    """
    if not sources:
        return {}
    async with connected(amqp_url, f"heads of {', '.join(sources)}") as connection:
        probes = (_probe(connection, source, "last") for source in sources)
        found = await asyncio.gather(*probes)
    return {source: last[1] if last else 0 for source, last in zip(sources, found, strict=True)}


async def _offset(connection: AbstractConnection, source: str, after: int) -> int | str:
    """Find where in the stream to begin, so that little is read twice and nothing is left out.

    From a message that is not above `after`, all that is can be read: the relay never leaves
    anything out, it only repeats itself. Only what a former leader repeats late, among messages of
    its successor, is no such place; the gap that follows it tells.
    """
    last = await _probe(connection, source, "last") if after else None
    if last is None:
        return "first"
    high, position = last
    if position <= after:
        return high
    low = 0
    while high - low > PAGE:
        middle = (low + high) // 2
        found = await _probe(connection, source, middle)
        if found and found[1] <= after:
            low = middle
        else:
            high = middle
    return low


async def _probe(
    connection: AbstractConnection, source: str, start: int | str
) -> tuple[int, int] | None:
    """Find an event's offset and position, nothing where none follows. Raises `TimeoutError`.

    A broker that accepts the consumer, and then has nothing for it, says that the rest is empty.
    """
    async with (
        asyncio.timeout(3 * _PROBE),
        consumed(connection, source, start, 1) as stream,
    ):
        with suppress(TimeoutError):
            async with asyncio.timeout(_PROBE):
                return await _genuine(stream, source)
    return None


async def _genuine(stream: Stream, source: str) -> tuple[int, int]:
    while True:
        message = await following(stream)
        told = message.header.properties
        headers = told.headers or {}
        offset, position = headers.get("x-stream-offset"), headers.get("position")
        if told.user_id == source and isinstance(offset, int) and isinstance(position, int):
            return offset, position
        await take_more(message)
