"""Which calls are due, and whose: the table `calls` as its workers use it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.rows import class_row

from ecommerce.kernel import Value
from ecommerce.store.connection import Pool

LEASE: Final = 60
"""Seconds for which a call belongs to the worker that has begun it."""

# Only the oldest call of a stream is ever begun. The attempt is counted, and committed, before it
# begins: a call of no attempts can be withdrawn, for nobody outside has heard of it. What withdraws
# it may have been recorded during an attempt that then was put back. Materialized, lest the planner
# run the limited part once for each row of the table.
_CLAIM: Final = """
with due as materialized (
    select id from calls as this
    where due_at <= now() and not exists (
        select from calls as older
        where older.stream = this.stream and older.position < this.position
    )
    order by due_at limit %s for update skip locked
)
update calls set attempts = attempts + 1, due_at = now() + %s * interval '1 second'
from due where calls.id = due.id
returning calls.id, event, position, attempts, series, attempts = 1 and exists (
    select from events
    where originator_id = calls.stream and notification_id > calls.position
        and split_part(topic, '.', 2) = any(%s)
) as withdrawn
"""

_AGAIN: Final = """
update calls set due_at = now() + %s * interval '1 second', last_error = %s,
    series = series + %s, attempts = attempts - %s
where id = %s and attempts = %s
"""

_WITHDRAW: Final = "delete from calls where id = %s and attempts = %s"


class Claimed(Value, frozen=True):
    """A call that belongs to this worker for as long as the lease."""

    id: str
    event: bytes
    position: int
    attempts: int
    """With this one."""
    series: int
    withdrawn: bool
    """It was not begun before, and is not to be any more."""


async def claim(pool: Pool, limit: int, withdraws: Sequence[str]) -> list[Claimed]:
    """Begin at most `limit` calls that are due; `withdraws` are the types of events.

    Raises `psycopg.Error`.
    """
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Claimed))
        await cursor.execute(_CLAIM, (limit, LEASE, list(withdraws)), prepare=True)
        return await cursor.fetchall()


async def postpone(
    pool: Pool, call: Claimed, seconds: float, error: BaseException, *, spent: bool = False
) -> None:
    """Let a call be tried again after so many seconds: under a new key, if its own is spent."""
    await _run(pool, _AGAIN, seconds, repr(error)[:1000], int(spent), 0, call.id, call.attempts)


async def put_back(pool: Pool, call: Claimed, seconds: float, error: BaseException) -> None:
    """Let a call be tried again, as if this attempt had never been."""
    await _run(pool, _AGAIN, seconds, repr(error)[:1000], 0, 1, call.id, call.attempts)


async def withdraw(pool: Pool, call: Claimed) -> None:
    """Take a call back that nobody outside has heard of."""
    await _run(pool, _WITHDRAW, call.id, call.attempts)


async def _run(pool: Pool, statement: str, *values: object) -> None:
    # Where this fails, the lease ends by itself.
    with suppress(psycopg.Error):
        async with pool.connection() as connection:
            await connection.execute(statement.encode(), values)
