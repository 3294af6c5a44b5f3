"""A feed folds one source's events into one projection, a page at a time, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from ecommerce.faults import reach
from ecommerce.projections.log import Entry, Page, codec
from ecommerce.projections.projection import Key, Projection
from ecommerce.projections.table import Table
from ecommerce.store.connection import Connection, Pool, is_outage
from ecommerce.store.envelope import Recorded, members, open_envelope

_POSITION: Final = """
select position from positions where projection = %s and generation = %s and source = %s
"""

# Whoever advances a projection holds its row in `projections` until the commit, so that its other
# sources, and other runners, wait: no two ever fold into the same rows. Who comes too late finds
# another position than the one it read from, and changes nothing. The commit waits for no disk:
# what a crash takes back is folded again, rows and position being one transaction (ADR 0013).
_ADVANCE: Final = """
update positions p set position = %(to)s, error = null, updated_at = now()
from (select name, generation, set_config('synchronous_commit', 'off', true) from projections
      where name = %(name)s and generation = %(generation)s for update) held
where (p.projection, p.generation) = (held.name, held.generation)
  and p.source = %(source)s and p.position = %(after)s
"""

_NOTE: Final = """
update positions set error = %s, updated_at = now()
where projection = %s and generation = %s and source = %s and position = %s
"""


class Overtaken(Exception):
    """Another runner has folded these events; go on from where it is."""


class Stopped(Exception):
    """This projection cannot take an event. Others go on; it stays until its code can."""

    def __init__(self, projection: str, source: str, page: Page, error: Exception) -> None:
        ((position, document, _),) = page
        # Only the first line: what a database says below it may quote the row, and so a person.
        why = (str(error).splitlines() or [""])[0]
        super().__init__(
            f"{projection} stops before {source}@{position} ({_name(document)}): "
            f"{type(error).__name__}: {why}"
        )


def _name(document: bytes) -> str:
    try:
        return open_envelope(document).id
    except msgspec.MsgspecError:
        return "no event"


class Feed:
    """One projection's reading of one source; `position` is the last that it has folded."""

    def __init__(self, table: Table, source: str, pool: Pool) -> None:
        self.projection: Projection = table.projection
        self.source = source
        self.position = 0
        self._table = table
        self._pool = pool
        self._events = frozenset(members(table.projection.Source))
        self._codec = codec([table.projection])
        self._noted = ""

    async def resume(self) -> int:
        """Learn the position up to which the rows hold everything."""
        async with self._pool.connection() as db:
            cursor = await db.execute(_POSITION, self._where)
            (self.position,) = await cursor.fetchone() or (0,)
        return self.position

    async def fold(self, page: Page, writing: asyncio.Event | None = None) -> None:
        """Fold a page of what comes after the feed's position, and advance to its end.

        `writing` is set once all that is left is the database's. A page that fails is tried again
        in halves, so that all before the event that it fails for is kept. Raises `Stopped`,
        `Overtaken`, and whatever says that the database is away.
        """
        try:
            await self._fold(page, writing or asyncio.Event())
        except Exception as error:  # decode, evolve and row may fail in any way
            if isinstance(error, Overtaken) or is_outage(error):
                raise
            if len(page) == 1:
                quoting = isinstance(error, psycopg.Error)
                reason = Stopped(self.projection.NAME, self.source, page, error)
                raise reason from (None if quoting else error)
            half = len(page) // 2
            await self.fold(page[:half])
            await self.fold(page[half:], writing)

    async def note(self, words: str) -> None:
        """Leave word of why the feed is where it is, until it goes on."""
        if words != self._noted:
            async with self._pool.connection() as db:
                await db.execute(_NOTE, (words, *self._where, self.position))
            self._noted = words

    async def _fold(self, page: Page, writing: asyncio.Event) -> None:
        events = [recorded for entry in page if (recorded := self._own(entry))]
        async with self._pool.connection() as db, db.transaction():
            await self._advance(db, page[-1].position)
            rows = await self._evolve(db, events) if events else {}
            writing.set()
            await self._table.save(db, [row for row in rows.values() if row is not None])
            await self._table.delete(db, [key for key, row in rows.items() if row is None])
            reach("projections.folded")
        self.position, self._noted = page[-1].position, ""

    def _own(self, entry: Entry) -> Recorded[Any] | None:
        if isinstance(entry.recorded, msgspec.MsgspecError):
            return self._codec.decode(entry.document, entry.position)
        own = entry.recorded and type(entry.recorded.event) in self._events
        return entry.recorded if own else None

    async def _advance(self, db: Connection, to: int) -> None:
        values = {
            "name": self.projection.NAME,
            "generation": self._table.generation,
            "source": self.source,
            "after": self.position,
            "to": to,
        }
        if (await db.execute(_ADVANCE, values)).rowcount != 1:
            raise Overtaken(f"{self.projection.NAME} is not at {self.source}@{self.position} now")

    async def _evolve(self, db: Connection, events: Sequence[Recorded[Any]]) -> dict[Key, Any]:
        """Give the rows that the events lead to, and nothing for one that is to be deleted."""
        before = await self._table.load(db, {self.projection.key(event) for event in events})
        after: dict[Key, Any] = dict(before)
        for event in events:
            key = self.projection.key(event)
            after[key] = self.projection.evolve(after.get(key), event)
        return {key: row for key, row in after.items() if row is not None or key in before}

    @property
    def _where(self) -> tuple[str, int, str]:
        return self.projection.NAME, self._table.generation, self.source
