"""A database with a log to project from, for tests of the read side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any, cast

from psycopg.sql import SQL, Identifier

import writing
from ecommerce.kernel import Event
from ecommerce.projections.feed import Feed
from ecommerce.projections.generations import prepare
from ecommerce.projections.log import codec, entries
from ecommerce.projections.projection import Projection, sources
from ecommerce.projections.rows import fetch
from ecommerce.projections.table import Table
from ecommerce.store.connection import Pool, pool
from ecommerce.store.envelope import Recorded, aggregate_of, encode, topic
from recording import recorded

Documents = Sequence[tuple[int, bytes]]

PATIENCE = 10.0
"""Seconds after which a condition that does not come true fails its test."""

until = writing.until


@asynccontextmanager
async def database(admin: str) -> AsyncIterator[str]:
    """Make a context's database, and drop it after."""
    with writing.database(admin) as url:
        yield url


@asynccontextmanager
async def connected(url: str, size: int = 4) -> AsyncIterator[Pool]:
    """Open a pool, as each process has one."""
    async with pool(url, size=size) as opened:
        yield opened


def documents(*events: Event, after: int = 0) -> list[tuple[int, bytes]]:
    """Record events one after the other, as a log or a history gives them."""
    noted = (recorded(event, position) for position, event in enumerate(events, after + 1))
    return [(each.position, encode(each)) for each in noted]


async def fold(feed: Feed, *events: Event) -> None:
    """Fold events that follow what the feed has folded."""
    page = entries(documents(*events, after=feed.position), codec([feed.projection]))
    await feed.fold(page)


async def append(opened: Pool, *events: Event | Recorded[Any]) -> None:
    """Record events at the end of the log, in one transaction."""
    async with opened.connection() as db, db.transaction():
        cursor = await db.execute("select coalesce(max(notification_id), 0) from events")
        (head,) = await cursor.fetchone() or (0,)
        noted = [
            event if isinstance(event, Recorded) else recorded(event, position)
            for position, event in enumerate(events, head + 1)
        ]
        await db.cursor().executemany(
            "insert into events values (%s, %s, %s, %s, %s)", [_row(each) for each in noted]
        )


def _row(noted: Recorded[Any]) -> tuple[str, int, str, bytes, int]:
    name = topic(aggregate_of(noted.stream), type(noted.event))
    return noted.stream, noted.version, name, encode(noted), noted.position


def variant(projection: Projection, **changes: Any) -> Projection:
    """Make a projection that differs from another in some of its parts."""
    parts = {name: getattr(projection, name) for name in dir(projection) if name[0] != "_"}
    return cast("Projection", SimpleNamespace(**(parts | changes)))


async def feeds(opened: Pool, projection: Projection) -> dict[str, Feed]:
    """Make the feeds of a projection, by source, as one process does."""
    generations = await prepare(opened, [projection])
    table = Table(projection, generations[projection.NAME])
    made = {source: Feed(table, source, opened) for source in sources(projection)}
    for feed in made.values():
        await feed.resume()
    return made


async def rows(opened: Pool, projection: Projection, generation: int = 1) -> list[Any]:
    """Read all rows of a generation, by key."""
    name = Identifier(f"{projection.NAME}_g{generation}", projection.NAME)
    by = SQL(", ").join(map(Identifier, projection.KEY))
    query = SQL("select * from {} order by {}").format(name, by)
    async with opened.connection() as db:
        return await fetch(db, projection.Row, query, {})


@asynccontextmanager
async def running(*works: Awaitable[None]) -> AsyncIterator[Sequence[asyncio.Future[None]]]:
    """Run something for ever, until the end of the block."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def no_history(_source: str, _after: int) -> AsyncGenerator[Documents, None]:
    """Be the history of nothing, for ever."""
    await asyncio.Future()
    yield ()


class History:
    """A history that can be lost at any page, and that repeats what was read already."""

    def __init__(self, pages: Sequence[Documents], losses: int = 0) -> None:
        self.pages = pages
        self.losses = losses
        self.asked: list[int] = []

    async def read(self, _source: str, after: int) -> AsyncGenerator[Documents, None]:
        self.asked.append(after)
        for number, read in enumerate(self.pages):
            if number and self.losses:
                self.losses -= 1
                raise ConnectionError("the broker is gone")
            yield read
        await asyncio.Future()
