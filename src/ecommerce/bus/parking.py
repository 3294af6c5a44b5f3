"""Parks a message as a row, in order of arrival; a key that has rows is blocked.

Who adds a row behind others, and who takes one away, holds the key's lock meanwhile. So a message
finds its key blocked and stands behind the others, or it finds it free, and all before it is done;
this holds between processes too, for no lane reaches that far.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from ecommerce.bus.message import Received
from ecommerce.bus.reaction import Unfit
from ecommerce.store.connection import Connection, Pool

BEHIND: Final = "behind parked"
"""The reason of a message that is parked only because its key is blocked."""

_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('parked ' || %s, 0))"
_PARK: Final = """
    insert into parked
        (key, message_id, source, routing_key, headers, body, reason, detail, attempts)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (message_id, digest) do nothing
"""
_KEYS: Final = "select distinct key from parked"
_BLOCKED: Final = "select exists (select from parked where key = %s)"


async def park(pool: Pool, received: Received, unfit: Unfit, attempts: int) -> None:
    """Keep a message until somebody redrives it; parking it again changes nothing."""
    async with pool.connection() as connection:
        await _insert(connection, received, unfit, attempts)


async def park_behind(pool: Pool, received: Received) -> bool:
    """Keep a message behind those of its key; no, where the key is not blocked any more."""
    async with locked(pool, received.key) as connection:
        row = await (await connection.execute(_BLOCKED, (received.key,))).fetchone()
        if blocked := bool(row and row[0]):
            await _insert(connection, received, Unfit(BEHIND), 0)
        return blocked


async def blocked_keys(pool: Pool) -> set[str]:
    """List the keys that are blocked."""
    async with pool.connection() as connection:
        return {key for (key,) in await (await connection.execute(_KEYS)).fetchall()}


@asynccontextmanager
async def locked(pool: Pool, key: str) -> AsyncIterator[Connection]:
    """Be alone in adding to a blocked key and in taking from it, for one transaction."""
    async with pool.connection() as connection, connection.transaction():
        # A statement of its own: what comes after sees all that was done under the lock before.
        await connection.execute(_LOCK, (key,))
        yield connection


async def _insert(connection: Connection, received: Received, unfit: Unfit, attempts: int) -> None:
    row = (
        received.key,
        received.envelope.id,
        received.envelope.source,
        writable(received.routing_key),
        as_json(received.headers),
        received.body,
        unfit.reason,
        writable(unfit.detail),
        attempts,
    )
    await connection.execute(_PARK, row)


def writable(text: str | None) -> str | None:
    """Make a text one that PostgreSQL takes: parking must not fail for a character."""
    return text and text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def as_json(headers: Any) -> str:
    """Write headers as PostgreSQL takes them."""
    return msgspec.json.encode(headers, enc_hook=str).decode().replace("\\u0000", "\\ufffd")
