"""The schema of a context's database, in numbered steps that are each taken once."""

from __future__ import annotations

from importlib.resources import files

import psycopg

from ecommerce.store.connection import Pool

_LOCK = "select pg_advisory_xact_lock(hashtext('ecommerce.migrate'))"
_TABLE = """create table if not exists schema_migrations (
    name text primary key,
    applied_at timestamptz not null default now()
)"""


class WrongSchema(Exception):
    """The database's schema is not the one that this code was written for."""


def known() -> dict[str, str]:
    """Read the steps that this code knows: name -> SQL, in their order."""
    steps = (files("ecommerce.store") / "migrations").iterdir()
    return {
        step.name.removesuffix(".sql"): step.read_text(encoding="utf-8")
        for step in sorted(steps, key=lambda step: step.name)
        if step.name.endswith(".sql")
    }


def migrate(url: str) -> list[str]:
    """Take the steps that are missing, all or none, and name them. Safe to run twice at once.

    Raises `WrongSchema` where the database is ahead of this code.
    """
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute(_LOCK)
        connection.execute(_TABLE)
        applied = {name for (name,) in connection.execute("select name from schema_migrations")}
        _refuse_newer(applied)
        missing = {name: sql for name, sql in known().items() if name not in applied}
        for name, sql in missing.items():
            connection.execute(sql.encode())
            connection.execute("insert into schema_migrations (name) values (%s)", (name,))
        return list(missing)


async def expect_schema(pool: Pool) -> None:
    """Raise `WrongSchema` unless the database has just the steps that this code knows."""
    async with pool.connection() as connection:
        try:
            cursor = await connection.execute("select name from schema_migrations")
            applied = {name for (name,) in await cursor.fetchall()}
        except psycopg.errors.UndefinedTable:
            applied = set()
    _refuse_newer(applied)
    if missing := sorted(known().keys() - applied):
        raise WrongSchema(
            f"The database is older than this code: it lacks {', '.join(missing)}. "
            "Run `ecommerce migrate`, then start the service again."
        )


def _refuse_newer(applied: set[str]) -> None:
    if unknown := sorted(applied - known().keys()):
        raise WrongSchema(
            f"The database is newer than this code: it has {', '.join(unknown)}, which this "
            "version does not know. Start the version that made it, or a later one."
        )
