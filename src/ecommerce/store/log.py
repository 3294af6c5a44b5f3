"""Reads the event log in pages, in the order in which it was committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from psycopg.rows import class_row, tuple_row

from ecommerce.store.connection import Connection

_READ: Final = """
select notification_id as position, topic, originator_id as stream, state as document from events
where notification_id > %s order by notification_id limit %s
"""

_DOCUMENTS: Final = """
select notification_id, state from events
where notification_id > %s order by notification_id limit %s
"""

_READ_TOPICS: Final = """
select notification_id as position, topic, originator_id as stream, state as document from events
where notification_id > %s and topic = any(%s) order by notification_id limit %s
"""

_HEAD: Final = "select coalesce(max(notification_id), 0) from events"


class Entry(NamedTuple):
    """An event as it stands in the log."""

    position: int
    topic: str
    stream: str
    document: bytes


async def read(
    connection: Connection, after: int, limit: int, topics: Sequence[str] | None = None
) -> list[Entry]:
    """Read up to `limit` events that follow a position, of all topics or of just these."""
    cursor = connection.cursor(row_factory=class_row(Entry), binary=True)
    if topics is None:
        await cursor.execute(_READ, (after, limit), prepare=True)
    else:
        await cursor.execute(_READ_TOPICS, (after, list(topics), limit), prepare=True)
    return await cursor.fetchall()


async def documents(connection: Connection, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Read the positions and documents of up to `limit` events that follow a position."""
    cursor = connection.cursor(row_factory=tuple_row, binary=True)
    await cursor.execute(_DOCUMENTS, (after, limit), prepare=True)
    return await cursor.fetchall()


async def head(connection: Connection) -> int:
    """Say where the log ends: the position of its last event, 0 while it is empty."""
    row = await (await connection.execute(_HEAD, prepare=True)).fetchone()
    return row[0] if row else 0
