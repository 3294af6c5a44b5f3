"""Forgets the keys that nobody can use any more."""

from __future__ import annotations

from typing import Final

from ecommerce.store.connection import Pool

HTTP_DAYS: Final = 7
"""Days for which an Idempotency-Key is kept."""

DAYS: Final = 90
"""Days for which all other keys are kept: those of messages, calls and timers."""

_CHUNK: Final = 5_000

_PRUNE_HTTP: Final = """
delete from keys where key in (
    select key from keys
    where key like 'http:%%' and recorded_at < now() - make_interval(days => %s) limit %s
)
"""

_PRUNE: Final = """
delete from keys where key in (
    select key from keys where recorded_at < now() - make_interval(days => %s) limit %s
)
"""


async def prune(pool: Pool) -> int:
    """Delete the keys that are too old, a few thousand at a time, and say how many they were."""
    pruned = 0
    async with pool.connection() as connection:
        for statement, days in ((_PRUNE_HTTP, HTTP_DAYS), (_PRUNE, DAYS)):
            while deleted := (await connection.execute(statement, (days, _CHUNK))).rowcount:
                pruned += deleted
    return pruned
