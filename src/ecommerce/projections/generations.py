"""Generations of a read model: a schema with its table, made when the shape of the rows is new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from psycopg.sql import SQL, Identifier

from ecommerce.kernel import Value
from ecommerce.projections.projection import Projection, ddl_hash, sources
from ecommerce.projections.rows import fetch
from ecommerce.store.connection import Connection, Pool

_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('ecommerce.generations', 0))"

_LIVE: Final = "select generation from projections where name = %s and ddl_hash = %s and live"

_NEXT: Final = """
insert into projections (name, generation, ddl_hash)
select %(name)s, coalesce(max(generation), 0) + 1, %(hash)s from projections where name = %(name)s
returning generation
"""

_START: Final = """
insert into positions (projection, generation, source)
select %s, %s, unnest(%s::text[]) on conflict do nothing
"""

_PROGRESS: Final = """
select p.projection, p.generation, p.source, p.position, p.error, p.updated_at
from unnest(%(names)s::text[], %(hashes)s::text[]) shape (name, ddl_hash)
join projections g on (g.name, g.ddl_hash) = (shape.name, shape.ddl_hash) and g.live
join positions p on (p.projection, p.generation) = (g.name, g.generation)
order by p.projection, p.source
"""


class Progress(Value, frozen=True):
    """How far a projection has read a source; `error` says why it does not go on, if so.

    It has stopped before an event that it cannot take, or the source's history has a gap there.
    """

    projection: str
    generation: int
    source: str
    position: int
    error: str | None
    updated_at: datetime


def schema(name: str, generation: int) -> str:
    """Name the schema that holds a generation's table."""
    return f"{name}_g{generation}"


async def prepare(pool: Pool, projections: Iterable[Projection]) -> dict[str, int]:
    """Make what is missing, empty and live, and give the live generation of each projection."""
    async with pool.connection() as db, db.transaction():
        await db.execute(_LOCK)
        return {projection.NAME: await _prepare(db, projection) for projection in projections}


async def _prepare(db: Connection, projection: Projection) -> int:
    live = await (await db.execute(_LIVE, (projection.NAME, ddl_hash(projection)))).fetchone()
    generation: int = live[0] if live else await _create(db, projection)
    await db.execute(_START, (projection.NAME, generation, sources(projection)))
    return generation


async def _create(db: Connection, projection: Projection) -> int:
    values = {"name": projection.NAME, "hash": ddl_hash(projection)}
    (generation,) = await (await db.execute(_NEXT, values)).fetchone() or (1,)
    home = Identifier(schema(projection.NAME, generation))
    await db.execute(SQL("create schema {}").format(home))
    await db.execute(SQL("set local search_path to {}").format(home))
    await db.execute(projection.DDL.encode())
    await db.execute("set local search_path to default")
    return int(generation)


async def progress(pool: Pool, projections: Iterable[Projection]) -> list[Progress]:
    """Tell how far each projection is, whichever process runs it."""
    shapes = [(projection.NAME, ddl_hash(projection)) for projection in projections]
    names, hashes = zip(*shapes, strict=True) if shapes else ((), ())
    async with pool.connection() as db:
        return await fetch(db, Progress, _PROGRESS, {"names": [*names], "hashes": [*hashes]})
