"""What people see of a context's parked messages, and what they ask to be done with them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, LiteralString

from psycopg.rows import class_row

from ecommerce.bus.parked_rows import COLUMNS, Row
from ecommerce.bus.parking import BEHIND
from ecommerce.bus.sharing import SEEN
from ecommerce.store.connection import Connection

_ALL: Final = f"select {COLUMNS} from parked order by id"  # noqa: S608 - our own column names
_FIRST: Final = f"""
    select distinct on (key) {COLUMNS} from parked where key = any(%s) order by key, id
"""  # noqa: S608 - the same
# Beside the first row, those that do not only stand behind it: the broker's queue blocks no key, so
# several of what it gave up may be of one.
_RETRY: Final = """
    update parked set retry_at = now()
    where key = any(%s) and (reason <> %s or not exists (
        select from parked ahead where ahead.key = parked.key and ahead.id < parked.id))
"""
_WITHDRAW: Final = """
    with withdrawn as (
        update parked set retry_at = null
        where key = any(%(keys)s) and retry_at is not null and claimed_by is null
        returning key
    )
    select distinct key from withdrawn
    where key not in (select key from parked where claimed_by is not null)
"""
_DISCARD: Final = "update parked set discard_reason = %s where id = %s"
_DISCARDED: Final = "select from keys where key = %s"
_LIVES: Final = f"select from instances where {SEEN} limit 1"


async def listed(db: Connection) -> list[Row]:
    """List all rows in the order in which they came."""
    return await _rows(db, _ALL)


async def firsts(db: Connection, keys: Collection[str]) -> dict[str, Row]:
    """Give the row that each of these keys is blocked by; a key without rows is left out."""
    return {row.key: row for row in await _rows(db, _FIRST, list(keys))}


async def ask_retry(db: Connection, keys: Collection[str]) -> None:
    """Have the rows of these keys fed again, from the first on until one fails."""
    await db.execute(_RETRY, (list(keys), BEHIND))


async def withdraw(db: Connection, keys: Collection[str]) -> list[str]:
    """Ask no more for these keys; name those that were not begun."""
    return [key for (key,) in await (await db.execute(_WITHDRAW, {"keys": list(keys)})).fetchall()]


async def ask_discard(db: Connection, row: int, reason: str) -> None:
    """Have a row given up for a reason."""
    await db.execute(_DISCARD, (reason, row))


async def is_there(db: Connection, row: int) -> bool:
    """Say whether a row is still there."""
    return bool((await db.execute("select from parked where id = %s", (row,))).rowcount)


async def was_discarded(db: Connection, row: int) -> bool:
    """Say whether a row that is gone was given up, and not handled."""
    return bool((await db.execute(_DISCARDED, (f"discard:{row}",))).rowcount)


async def somebody_runs(db: Connection) -> bool:
    """Say whether an instance of the context is there to do what is asked for."""
    return bool((await db.execute(_LIVES)).rowcount)


async def _rows(db: Connection, query: LiteralString, *values: Any) -> list[Row]:
    cursor = db.cursor(row_factory=class_row(Row))
    return await (await cursor.execute(query, values)).fetchall()
