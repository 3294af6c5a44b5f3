"""The table of one generation: rows are loaded and written a page at a time, as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from ecommerce.projections.generations import schema
from ecommerce.projections.projection import Key, Projection
from ecommerce.projections.rows import fetch
from ecommerce.store.connection import Connection

_LOAD: Final = """
select t.* from {table} t
join json_populate_recordset(null::{table}, %(keys)s::json) k using ({key})
"""

_SAVE: Final = """
insert into {table} ({columns})
select {columns} from json_populate_recordset(null::{table}, %s::json)
on conflict ({key}) do update set ({columns}) = row({excluded})
"""

_DELETE: Final = """
delete from {table} t using json_populate_recordset(null::{table}, %s::json) k
where ({own}) = ({others})
"""


class Table:
    """The rows of one generation of a projection."""

    def __init__(self, projection: Projection, generation: int) -> None:
        self.projection = projection
        self.generation = generation
        self._load, self._save, self._delete = _statements(projection, generation)

    async def load(self, db: Connection, keys: Iterable[Key]) -> dict[Key, Any]:
        """Read the rows that have one of these keys, in one query."""
        rows = await fetch(db, self.projection.Row, self._load, {"keys": self._json(keys)})
        names = self.projection.KEY
        return {tuple(getattr(row, name) for name in names): row for row in rows}

    async def save(self, db: Connection, rows: Collection[Any]) -> None:
        """Write rows over what was there, in one statement."""
        if rows:
            await db.execute(self._save, (msgspec.json.encode(rows).decode(),))

    async def delete(self, db: Connection, keys: Collection[Key]) -> None:
        """Delete the rows that have one of these keys, in one statement."""
        if keys:
            await db.execute(self._delete, (self._json(keys),))

    def _json(self, keys: Iterable[Key]) -> str:
        names = self.projection.KEY
        return msgspec.json.encode([dict(zip(names, key, strict=True)) for key in keys]).decode()


def _statements(projection: Projection, generation: int) -> tuple[Composed, Composed, Composed]:
    columns: tuple[str, ...] = projection.Row.__struct_fields__
    parts = {
        "table": Identifier(schema(projection.NAME, generation), projection.NAME),
        "key": _joined(projection.KEY),
        "columns": _joined(columns),
        "excluded": _joined(columns, "excluded"),
        "own": _joined(projection.KEY, "t"),
        "others": _joined(projection.KEY, "k"),
    }
    load, save, delete = (SQL(text).format(**parts) for text in (_LOAD, _SAVE, _DELETE))
    return load, save, delete


def _joined(columns: Iterable[str], table: str | None = None) -> Composed:
    prefix = (table,) if table else ()
    return SQL(", ").join(Identifier(*prefix, column) for column in columns)
