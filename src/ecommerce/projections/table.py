"""The table of one generation: rows are loaded and written a page at a time, as JSON."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from psycopg.sql import SQL, Composed, Identifier, Literal

from ecommerce.projections.generations import schema
from ecommerce.projections.projection import Key, Projection
from ecommerce.projections.rows import as_json, fetch_json
from ecommerce.store.connection import Connection

# PostgreSQL takes a page apart in half the time that `json_populate_recordset` needs for it.
_LOAD: Final = """
select t.* from {table} t
join (select {keys} from jsonb_array_elements(%(keys)s::jsonb) j) k ({key}) using ({key})
"""

_SAVE: Final = """
insert into {table} ({columns})
select {values} from jsonb_array_elements(%s::jsonb) j
on conflict ({key}) do update set ({columns}) = row({excluded})
"""

_DELETE: Final = """
delete from {table} t using (select {keys} from jsonb_array_elements(%s::jsonb) j) k ({key})
where ({own}) = ({others})
"""

_COLUMN: Final = re.compile(r"^ {4}(\w+) (\w+)", re.MULTILINE)
"""A column as a projection's DDL declares it: its name and its type."""


class Table:
    """The rows of one generation of a projection."""

    def __init__(self, projection: Projection, generation: int) -> None:
        self.projection = projection
        self.generation = generation
        load, save, delete = _statements(projection, generation)
        self._load, self._save, self._delete = as_json(load), save.as_bytes(), delete.as_bytes()

    async def load(self, db: Connection, keys: Iterable[Key]) -> dict[Key, Any]:
        """Read the rows that have one of these keys, in one query."""
        rows = await fetch_json(db, self.projection.Row, self._load, {"keys": self._json(keys)})
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


def _statements(projection: Projection, generation: int) -> list[Composed]:
    columns: tuple[str, ...] = projection.Row.__struct_fields__
    parts = {
        "table": Identifier(schema(projection.NAME, generation), projection.NAME),
        "key": _joined(projection.KEY),
        "keys": _values(projection, projection.KEY),
        "columns": _joined(columns),
        "values": _values(projection, columns),
        "excluded": _joined(columns, "excluded"),
        "own": _joined(projection.KEY, "t"),
        "others": _joined(projection.KEY, "k"),
    }
    return [SQL(text).format(**parts) for text in (_LOAD, _SAVE, _DELETE)]


def _joined(columns: Iterable[str], table: str | None = None) -> Composed:
    prefix = (table,) if table else ()
    return SQL(", ").join(Identifier(*prefix, column) for column in columns)


def _values(projection: Projection, columns: Iterable[str]) -> Composed:
    types = dict(_COLUMN.findall(projection.DDL))
    return SQL(", ").join(_value(column, types[column]) for column in columns)


def _value(column: str, kind: str) -> Composed:
    if kind == "jsonb":
        return SQL("j -> {}").format(Literal(column))
    return SQL(f"(j ->> {{}})::{kind}").format(Literal(column))
