"""A connection to the broker that is built anew, with all that stands on it, after any failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aio_pika
import psycopg
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from ecommerce.store import connection as store

HEARTBEAT: Final = 10
"""Seconds; a broker gone without a word is noticed within three of these."""

OUTAGES: Final = (OSError, AMQPError, ChannelInvalidStateError, psycopg.OperationalError)
"""What a broker or a database that is down, or restarting, looks like."""

_STABLE: Final = 10.0
_log = structlog.get_logger()


def is_outage(error: BaseException) -> bool:
    """Tell a broker or a database that is away from a fault of what it was asked."""
    return store.is_outage(error) or isinstance(error, (AMQPError, ChannelInvalidStateError))


def pauses(first: float = 0.2, most: float = 5.0) -> Iterator[float]:
    """Yield the seconds to wait before each next try: doubling up to `most`, with jitter."""
    pause = first
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        pause = min(pause * 2, most)


async def wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, but no longer than this; say whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


@asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[AbstractConnection]:
    """Connect to the broker; `name` is what its console shows. Raises one of `OUTAGES`."""
    beating = f"{url}{'&' if '?' in url else '?'}heartbeat={HEARTBEAT}"
    properties: dict[str, Any] = {"connection_name": name}
    connection = await aio_pika.connect(beating, timeout=10, client_properties=properties)
    try:
        yield connection
    finally:
        with suppress(*OUTAGES, RuntimeError):
            async with asyncio.timeout(3):
                await connection.close()


async def supervise(
    url: str,
    name: str,
    session: Callable[[AbstractConnection], Coroutine[Any, Any, None]],
    stop: asyncio.Event | None = None,
) -> None:
    """Run a session on a connection, over and over after any failure, until it returns by itself.

    With `stop` set, no other session is begun.
    """
    loop, stop, waits = asyncio.get_running_loop(), stop or asyncio.Event(), pauses()
    while not stop.is_set():
        began = loop.time()
        try:
            async with connected(url, name) as connection:
                await first_of(session(connection), _lost(connection))
                return
        except Exception as error:  # noqa: BLE001 - a fault of one session must not end the service
            if is_outage(error):
                _log.warning("bus.interrupted", connection=name, error=repr(error))
            else:
                _log.exception("bus.failed", connection=name)
        if loop.time() - began > _STABLE:
            waits = pauses()
        await wait(stop, next(waits))


async def _lost(connection: AbstractConnection) -> None:
    lost = asyncio.Event()
    connection.close_callbacks.add(lambda *_: lost.set())
    await lost.wait()
    raise ConnectionError("the connection to the broker is lost")


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Run these side by side until one returns or raises, and end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
