"""Rows as structs: a page of rows leaves PostgreSQL as one JSON text and is decoded at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
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
    text = _of_literal(query) if isinstance(query, str) else as_json(query)
    return await fetch_json(db, kind, text, values)


async def fetch_json(
    db: Connection, kind: type[R], query: bytes, values: Mapping[str, Any]
) -> list[R]:
    """Run what `as_json` has made of such a query."""
    cursor = await db.execute(query, values)
    (text,) = await cursor.fetchone() or ("[]",)
    rows: list[R] = _decoder(kind).decode(text)  # type: ignore[arg-type]  # a class can be hashed
    return rows


def as_json(query: Composable) -> bytes:
    """Make of a query one whose only row is all of its rows, as JSON."""
    return _AS_JSON.format(query=query).as_bytes()


@cache  # bounded: one entry for each literal query in the code
def _of_literal(query: LiteralString) -> bytes:
    return as_json(SQL(query))


@cache  # bounded: one entry for each struct
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[kind])


def bounded(limit: int, most: int = MOST) -> int:
    """Keep the length of a page between 1 and `most` rows."""
    return max(1, min(limit, most))
