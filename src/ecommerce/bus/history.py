"""All that another context ever published, in order, from any position on, replayed and live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

import structlog
from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage

from ecommerce.bus.connection import OUTAGES, connected, pauses
from ecommerce.bus.topology import history

PAGE: Final = 500
GATHER: Final = 0.1
"""Seconds in which a page is gathered, from its first event on."""

_PROBE: Final = 2.0
_log = structlog.get_logger()

Page: TypeAlias = list[tuple[int, bytes]]
"""Position and document of some events, in unbroken order."""

Stream: TypeAlias = asyncio.Queue[DeliveredMessage | None]
"""What is delivered; nothing comes after the first `None`."""


class Chain:
    """Links events, each by the position of the one published before it, from a position on."""

    def __init__(self, source: str, position: int) -> None:
        self._source = source
        self.in_gap = False
        self.position = position

    def link(self, messages: Iterable[DeliveredMessage]) -> Page:
        """Give what follows without a gap; leave out what was given before or comes too early."""
        page: Page = []
        for message in messages:
            position, previous = self._numbers(message)
            if position <= self.position:
                continue
            self._note_gap(previous > self.position, found=position)
            if not self.in_gap:
                self.position = position
                page.append((position, message.body))
        return page

    def _numbers(self, message: DeliveredMessage) -> tuple[int, int]:
        told = message.header.properties
        headers = told.headers or {}
        position, previous = headers.get("position"), headers.get("previous")
        if told.user_id == self._source and isinstance(position, int):
            return position, previous if isinstance(previous, int) else position
        _log.error("history.foreign", source=self._source, message=told.message_id)
        return 0, 0

    def _note_gap(self, in_gap: bool, found: int) -> None:  # noqa: FBT001 - what is noted
        # Nothing may be skipped: after a restore the source publishes again from there on.
        if in_gap and not self.in_gap:
            _log.error("history.gap", source=self._source, after=self.position, found=found)
        if self.in_gap and not in_gap:
            _log.info("history.gap_closed", source=self._source, after=self.position)
        self.in_gap = in_gap


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
            async with connected(amqp_url, f"{name} of {source}") as connection:
                start = await _offset(connection, source, chain.position)
                async with _consumed(connection, source, start, 2 * PAGE) as stream:
                    while True:
                        page = chain.link(await _gather(stream))
                        waits = pauses()
                        if page or chain.in_gap:
                            yield page
        except OUTAGES as error:
            _log.warning("history.interrupted", source=source, error=repr(error))
        await asyncio.sleep(next(waits))


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

    From any message that is not above `after`, all that is can be read: the relay never leaves
    anything out, it only repeats itself.
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
        _consumed(connection, source, start, 1) as stream,
    ):
        with suppress(TimeoutError):
            async with asyncio.timeout(_PROBE):
                return await _genuine(stream, source)
    return None


async def _genuine(stream: Stream, source: str) -> tuple[int, int]:
    while True:
        message = await _next(stream)
        told = message.header.properties
        headers = told.headers or {}
        offset, position = headers.get("x-stream-offset"), headers.get("position")
        if told.user_id == source and isinstance(offset, int) and isinstance(position, int):
            return offset, position
        await _take_more(message)


@asynccontextmanager
async def _consumed(
    connection: AbstractConnection, source: str, start: int | str, prefetch: int
) -> AsyncIterator[Stream]:
    async with connection.channel() as channel:
        await channel.set_qos(prefetch)
        stream: Stream = asyncio.Queue()
        channel.close_callbacks.add(lambda *_: stream.put_nowait(None))
        # The channel below tells no more of a message than we ask for, at half the price.
        below = await channel.get_underlay_channel()
        below.on_consumer_cancel_callbacks.add(lambda *_: stream.put_nowait(None))
        await below.basic_consume(history(source), stream.put, arguments={"x-stream-offset": start})
        yield stream


async def _gather(stream: Stream) -> list[DeliveredMessage]:
    messages = [await _next(stream)]
    with suppress(TimeoutError):
        async with asyncio.timeout(GATHER):
            while len(messages) < PAGE:
                messages.append(await _next(stream))
    await _take_more(messages[-1])
    return messages


async def _take_more(message: DeliveredMessage) -> None:
    # To a stream, an acknowledgement only says that it may send as many again.
    await message.channel.basic_ack(message.delivery_tag or 0, multiple=True)


async def _next(stream: Stream) -> DeliveredMessage:
    message = await stream.get()
    if message is None:
        raise ConnectionError("the broker has ended the stream")
    return message
