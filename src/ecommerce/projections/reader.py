"""Reads a read model in one snapshot, and no sooner than it holds what the reader has seen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakSet

from psycopg.errors import InvalidSqlStatementName
from psycopg.sql import SQL, Identifier, Literal

from ecommerce.projections.projection import Projection, ddl_hash
from ecommerce.projections.watch import Watch, lacking
from ecommerce.store.connection import Connection, Pool

WAIT_SECONDS: Final = 5.0
"""How long a read waits for its token."""

_PART: Final = re.compile(r"([a-z][a-z0-9_]*)@([0-9]{1,18})")

# The live generation of a read model is found, how far it has read, and the way to its table. The
# names are in full, as nobody knows on which way the statement is planned anew.
_PREPARE: Final = SQL("""
prepare {statement} as
select
  set_config('search_path', format('%I', g.name || '_g' || g.generation), true),
  set_config('timezone', 'UTC', true),
  coalesce(json_object_agg(p.source, p.position) filter (where p.source is not null), '{{}}')
from public.projections g
left join public.positions p on (p.projection, p.generation) = (g.name, g.generation)
where g.name = {name} and g.ddl_hash = {hash} and g.live
group by g.name, g.generation
""")

# One round trip: the snapshot begins, and all of that is found in it.
_BEGIN: Final = SQL("begin isolation level repeatable read read only; execute {statement}")


class BadToken(Exception):
    """The Consistency-Token is not one that this system gave."""


class NotYet(Exception):
    """A read model has not yet got as far as the Consistency-Token. The same read will do, soon."""


class Reader:
    """Reads the read models of one context, from any of its processes."""

    def __init__(
        self,
        pool: Pool,
        projections: Sequence[Projection],
        *,
        wait: float = WAIT_SECONDS,
    ) -> None:
        self._pool = pool
        self._wait = wait
        self._prepare = "; ".join(_prepare(projection) for projection in projections).encode()
        self._prepared = WeakSet[Connection]()
        self._watches = {each.NAME: Watch(pool, each) for each in projections}

    @asynccontextmanager
    async def read(self, name: str, token: str | None = None) -> AsyncIterator[Connection]:
        """Give a connection whose one transaction sees a read model's rows as of one moment.

        With a token, that moment comes after every part of it whose source the read model reads.
        Raises `BadToken`, and `NotYet` after `wait` seconds.
        """
        wanted = parse(token)
        deadline = asyncio.get_running_loop().time() + self._wait
        while True:
            # Its end commits: to roll back costs a connection all of its prepared statements.
            async with self._pool.connection() as db:
                if not lacking(wanted, await self._open(db, name)):
                    yield db
                    return
            await self._wait_for(name, wanted, deadline)

    async def _wait_for(self, name: str, wanted: Mapping[str, int], deadline: float) -> None:
        watch = self._watches[name]
        try:
            async with asyncio.timeout_at(deadline):
                await watch.until(wanted)
        except TimeoutError:
            missing = ", ".join(
                f"{source}@{position} (it is at {watch.reached[source]})"
                for source, position in lacking(wanted, watch.reached).items()
            )
            told = missing or "what the token names"
            raise NotYet(f"{name} has not yet read {told}. Try again shortly.") from None

    async def _open(self, db: Connection, name: str) -> Mapping[str, int]:
        begin = _BEGIN.format(statement=_statement(name))
        try:
            await self._prepare_on(db)
            cursor = await db.execute(begin, prepare=False)
        except InvalidSqlStatementName:
            # After a failure, psycopg has the connection forget all of its statements.
            await db.rollback()
            self._prepared.discard(db)
            await self._prepare_on(db)
            cursor = await db.execute(begin, prepare=False)
        cursor.nextset()
        row = await cursor.fetchone()
        if row is None:
            raise NotYet(f"{name} does not exist yet. Try again shortly.")
        positions: Mapping[str, int] = row[2]
        return positions

    async def _prepare_on(self, db: Connection) -> None:
        if db not in self._prepared:
            await db.execute(self._prepare, prepare=False)
            self._prepared.add(db)


def parse(token: str | None) -> dict[str, int]:
    """Read a token: what each source's log must have been read up to. Raises `BadToken`."""
    parts = [part.strip() for part in token.split(",")] if token else []
    matches = [_PART.fullmatch(part) for part in parts]
    wanted: dict[str, int] = {}
    for match in matches:
        if not match:
            raise BadToken(
                f"A token is like orders@1234, several are parted by commas; not {token!r}."
            )
        source, position = match[1], int(match[2])
        wanted[source] = max(wanted.get(source, 0), position)
    return wanted


def _prepare(projection: Projection) -> str:
    parts = {
        "statement": _statement(projection.NAME),
        "name": Literal(projection.NAME),
        "hash": Literal(ddl_hash(projection)),
    }
    return _PREPARE.format(**parts).as_string()


def _statement(name: str) -> Identifier:
    return Identifier(f"open_{name}")
