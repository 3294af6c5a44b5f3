"""The rows of parked messages: asked for, claimed by an instance, kept or taken away."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg.rows import class_row

from ecommerce.bus.message import Received
from ecommerce.bus.parking import BEHIND, locked, writable
from ecommerce.bus.reaction import Unfit
from ecommerce.bus.sharing import SEEN
from ecommerce.kernel import Value
from ecommerce.store.connection import Connection, Pool
from ecommerce.store.envelope import Envelope, open_envelope

COLUMNS: Final = (
    "parked.id, key, message_id, source, routing_key, headers, body, reason, detail, attempts,"
    " parked_at, retry_at, discard_reason, claims"
)
# A claim lasts as long as its instance is seen. Who is not seen itself judges nobody: while the
# broker is away no heart beats, and each would take from the others what they are busy with.
_CLAIM: Final = f"""
    with due as materialized (
        select id from parked
        where (retry_at is not null or discard_reason is not null)
          and (claimed_by is null
            or (claimed_by <> %(me)s
              and exists (select from instances where instance = %(me)s and {SEEN})
              and not exists (select from instances where instance = claimed_by and {SEEN})))
          and (discard_reason is not null or not exists (
                select from parked ahead where ahead.key = parked.key and ahead.id < parked.id))
        order by id limit %(free)s
        for update skip locked
    )
    update parked set claimed_by = %(me)s, claims = claims + 1 from due where parked.id = due.id
    returning {COLUMNS}
"""  # noqa: S608 - nothing but our own column names and condition is inlined
_NEXT: Final = f"""
    update parked set retry_at = now(), claimed_by = %(me)s, claims = 1
    where id = (select id from parked where key = %(key)s order by id limit 1)
      and reason = %(behind)s and retry_at is null and discard_reason is null
    returning {COLUMNS}
"""  # noqa: S608 - the same
_KEEP: Final = """
    with behind as (
        update parked set retry_at = null where key = %s and id > %s and claimed_by is null
    )
    update parked set reason = %s, detail = %s, attempts = attempts + %s,
        retry_at = null, claimed_by = null, claims = 0
    where id = %s
"""
_RELEASE: Final = """
    update parked
    set claimed_by = null, claims = claims - case when %(row)s::bigint is null then 0 else 1 end
    where claimed_by = %(me)s and id = coalesce(%(row)s, id)
"""
_UNKNOWN: Final = "select id, body from parked where reason = any(%s) and retry_at is null"
_ASK: Final = "update parked set retry_at = now() where id = any(%s)"


class Row(Value, frozen=True):
    """A parked message; `claims` is how many instances have begun with it and left no outcome."""

    id: int
    key: str
    message_id: str
    source: str
    routing_key: str
    headers: dict[str, Any]
    body: bytes
    reason: str
    detail: str | None
    attempts: int
    parked_at: datetime
    retry_at: datetime | None
    discard_reason: str | None
    claims: int

    @property
    def envelope(self) -> Envelope | None:
        """Read the message's document; nothing where it is none."""
        with suppress(msgspec.MsgspecError):
            return open_envelope(self.body)
        return None

    @property
    def type(self) -> str:
        """Name what the message tells, where it can be read."""
        return self.envelope.type if self.envelope else ""

    def received(self) -> Received:
        """Give the message as it came. Raises `Unfit` where it cannot be read."""
        position, envelope = self.headers.get("position"), self.envelope
        # A row has another id than its document where nobody vouches for that.
        if not envelope or envelope.id != self.message_id or not isinstance(position, int):
            raise Unfit("unreadable", self.detail)
        return Received(envelope, self.body, position, self.routing_key, self.headers)


async def claim(pool: Pool, instance: str, free: int) -> list[Row]:
    """Take what is asked for and nobody is at, at most so many rows."""
    values = {"me": instance, "free": free}
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Row))
        return await (await cursor.execute(_CLAIM, values)).fetchall()


async def release(pool: Pool, instance: str, row: int | None = None) -> None:
    """Let others take a row that was claimed and not begun, or all that an instance claimed."""
    async with pool.connection() as connection:
        await connection.execute(_RELEASE, {"me": instance, "row": row})


async def remove(pool: Pool, row: Row, instance: str) -> list[Row]:
    """Take a row away, and claim the next of its key where that only stood behind it."""
    values = {"me": instance, "key": row.key, "behind": BEHIND}
    async with locked(pool, row.key) as connection:
        await connection.execute("delete from parked where id = %s", (row.id,))
        cursor = connection.cursor(row_factory=class_row(Row))
        return await (await cursor.execute(_NEXT, values)).fetchall()


async def keep(pool: Pool, row: Row, unfit: Unfit, attempts: int) -> None:
    """Note that a row has failed again, and why: its key stops until it is asked for anew."""
    failure = (unfit.reason, writable(unfit.detail), attempts)
    async with pool.connection() as connection:
        await connection.execute(_KEEP, (row.key, row.id, *failure, row.id))


async def ask_known(pool: Pool, knows: Callable[[Envelope], bool]) -> None:
    """Ask for what was parked by code that did not know it, where this code does."""
    async with pool.connection() as connection:
        cursor = await connection.execute(_UNKNOWN, (["needs newer code", "unknown type"],))
        found = await cursor.fetchall()
        await ask(connection, [row for row, body in found if knows(open_envelope(body))])


async def ask(connection: Connection, ids: Collection[int]) -> None:
    """Have rows fed again."""
    await connection.execute(_ASK, (list(ids),))
