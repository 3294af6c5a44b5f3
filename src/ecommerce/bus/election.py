"""One relay of a context leads: the one whose session holds a lock."""

from __future__ import annotations

import asyncio
from typing import Final

from ecommerce.store.connection import Connection

PING: Final = 1.0
"""Seconds between two signs of life of the session, and between two tries to take the lock."""

IDLE: Final = "5s"
"""A session that has not pinged for so long is ended by the server: a stopped leader lets go."""

_PATIENCE: Final = 5.0
_TAKE: Final = "select pg_try_advisory_lock(hashtextextended('ecommerce.relay', 0))"
_LEADER: Final = """
    select application_name from pg_locks l join pg_stat_activity a using (pid)
    where locktype = 'advisory' and granted and objsubid = 1 and datname = current_database()
      and l.database = a.datid
      and (classid::bigint << 32) + objid::bigint = hashtextextended('ecommerce.relay', 0)
"""


async def leader(connection: Connection) -> str | None:
    """Say which instance's relay leads; no two do, as it is the holder of the lock."""
    row = await (await connection.execute(_LEADER)).fetchone()
    return row[0].rpartition(" ")[2] if row else None


async def elected(connection: Connection) -> bool:
    """Take the lock for this session, and say whether it is ours."""
    (taken,) = await (await connection.execute(_TAKE)).fetchone() or (False,)
    return bool(taken)


async def ping(connection: Connection) -> None:
    """Keep a session for ever. Raises `psycopg.Error` or `TimeoutError` once it is lost."""
    while True:
        async with asyncio.timeout(_PATIENCE):
            await connection.execute("select")
        await asyncio.sleep(PING)
