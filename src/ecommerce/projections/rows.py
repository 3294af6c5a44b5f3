"""Rows as structs: a page of rows leaves PostgreSQL as one JSON text and is decoded at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString, TypeVar

import msgspec
from psycopg.sql import SQL, Composable

from ecommerce.store.connection import Connection

R = TypeVar("R")

MOST = 200
"""The longest page that a query gives."""

_AS_JSON = SQL("select coalesce(json_agg(r), '[]')::text from ({query}) r")


async def fetch(
    db: Connection,
    kind: type[R],
    query: LiteralString | Composable,
    values: Mapping[str, Any],
) -> list[R]:
    """Run a query whose columns are the fields of a struct, and keep its order."""
    inner = SQL(query) if isinstance(query, str) else query
    cursor = await db.execute(_AS_JSON.format(query=inner), values)
    (text,) = await cursor.fetchone() or ("[]",)
    rows: list[R] = msgspec.json.decode(text, type=list[kind])  # type: ignore[valid-type]  # a value
    return rows


def bounded(limit: int, most: int = MOST) -> int:
    """Keep the length of a page between 1 and `most` rows."""
    return max(1, min(limit, most))
