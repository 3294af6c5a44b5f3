"""One process of a context runs its projections: the one whose session holds a lock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from psycopg import AsyncConnection

from ecommerce.store.connection import Connection, arguments

PING_SECONDS: Final = 1.0

IDLE: Final = "5s"
"""A session that has not pinged for so long is ended by the server: a stopped process lets go."""

_TAKE: Final = "select pg_try_advisory_lock(hashtextextended('ecommerce.projections', 0))"
_PING: Final = "select 1"


async def lead(url: str, work: Callable[[], Awaitable[None]]) -> None:
    """Wait to be elected, then do the work for as long as the session lives.

    Raises `psycopg.Error` when the session ends, after the work was cancelled.
    """
    session = await AsyncConnection.connect(url, **arguments(idle_session_timeout=IDLE))
    async with session:
        while not await _taken(session):  # noqa: ASYNC110 - another process leads
            await asyncio.sleep(PING_SECONDS)
        await _work(session, asyncio.ensure_future(work()))


async def _work(session: Connection, work: asyncio.Future[None]) -> None:
    try:
        while not work.done():
            await session.execute(_PING)
            await asyncio.wait((work,), timeout=PING_SECONDS)
        await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _taken(session: Connection) -> bool:
    cursor = await session.execute(_TAKE)
    (taken,) = await cursor.fetchone() or (False,)
    return bool(taken)
