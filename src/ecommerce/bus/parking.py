"""Parks a message as a row, in order of arrival; a key that has rows is blocked."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from ecommerce.bus.message import Received
from ecommerce.bus.reaction import Unfit
from ecommerce.store.connection import Pool

_PARK: Final = """
    insert into parked
        (key, message_id, source, routing_key, headers, body, reason, detail, attempts)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (message_id) do nothing
"""
_KEYS: Final = "select distinct key from parked"
_BLOCKED: Final = "select exists (select from parked where key = %s)"


async def park(pool: Pool, received: Received, unfit: Unfit, attempts: int) -> None:
    """Keep a message until somebody redrives it; parking it again changes nothing."""
    row = (
        received.key,
        received.envelope.id,
        received.envelope.source,
        received.routing_key,
        Jsonb(received.headers, dumps=_to_json),
        received.body,
        unfit.reason,
        unfit.detail,
        attempts,
    )
    async with pool.connection() as connection:
        await connection.execute(_PARK, row)


async def blocked_keys(pool: Pool) -> set[str]:
    """List the keys that are blocked."""
    async with pool.connection() as connection:
        return {key for (key,) in await (await connection.execute(_KEYS)).fetchall()}


async def is_blocked(pool: Pool, key: str) -> bool:
    """Say whether a key is blocked."""
    async with pool.connection() as connection:
        row = await (await connection.execute(_BLOCKED, (key,))).fetchone()
        return row is not None and row[0]


def _to_json(headers: Any) -> bytes:
    return msgspec.json.encode(headers, enc_hook=str)
