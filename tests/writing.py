"""A context's database and the loop that writes to it, for tests of the write side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

import accounts
from ecommerce.kernel import Command, Event
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.envelope import Cause, Recorded, encode, topic
from ecommerce.store.migrate import migrate
from ecommerce.store.unit import Unit, digest

CAUSE = Cause("correlation", "cause", "somebody", "00-trace")
PATIENCE = 15.0


@contextmanager
def empty_database(admin: str) -> Iterator[str]:
    name = f"store_{uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(SQL("create database {}").format(Identifier(name)))
        try:
            yield make_conninfo(admin, dbname=name)
        finally:
            drop = SQL("drop database {} with (force)")
            connection.execute(drop.format(Identifier(name)))


@contextmanager
def database(admin: str) -> Iterator[str]:
    with empty_database(admin) as url:
        migrate(url)
        yield url


def emptied(url: str) -> str:
    """Empty the tables: that is much faster than another database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "truncate events, keys, calls, timers, parked, snapshots restart identity"
        )
        connection.execute("update clock set seconds = 0, advanced_at = now()")
    return url


@asynccontextmanager
async def looping(url: str, decider: Any = accounts, **options: Any) -> AsyncIterator[CommandLoop]:
    loop = CommandLoop("bank", decider, url, **options)
    ready = asyncio.Event()
    running = asyncio.create_task(loop.run(ready))
    try:
        await asyncio.wait_for(ready.wait(), PATIENCE)
        yield loop
    finally:
        await loop.stop()
        await running


def unit(command: Command, key: str | None = None, **fields: Any) -> Unit:
    return Unit(key or uuid4().hex, digest(command), CAUSE, command, **fields)


async def rows(url: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(query.encode(), values)
        return await cursor.fetchall() if cursor.description else []


async def versions(url: str, account: str) -> list[int]:
    query = "select originator_version from events where originator_id = %s order by 1"
    return [version for (version,) in await rows(url, query, accounts.stream(account))]


def append(url: str, account: str, version: int, event: Event) -> None:
    """Record an event past any loop, as another instance does."""
    stream = accounts.stream(account)
    recorded = Recorded(event, "bank", stream, version, 0, datetime.now(UTC), CAUSE)
    values = (stream, version, topic("account", type(event)), encode(recorded))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into events values (%s, %s, %s, %s)", values)


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait for a condition; a test fails where it does not come true."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)
