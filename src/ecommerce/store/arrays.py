"""Lists in PostgreSQL's binary format, written by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from struct import Struct, pack
from typing import Final

_BYTEA, _INT8, _TEXT = 17, 20, 25  # element types, as numbered in pg_type

_HEAD: Final = Struct("!iiIii")
"""Dimensions, nulls, element type, size, and the first index."""

_SIZE: Final = Struct("!i")
_NUMBER: Final = Struct("!iq")
"""A number after its size."""

_EMPTY: Final = {kind: pack("!iiI", 0, 0, kind) for kind in (_BYTEA, _INT8, _TEXT)}


def texts(items: Iterable[str]) -> bytes:
    """Write a `text[]`."""
    return _array(_TEXT, [item.encode() for item in items])


def documents(items: Sequence[bytes]) -> bytes:
    """Write a `text[]` of what is encoded already."""
    return _array(_TEXT, items)


def blobs(items: Sequence[bytes]) -> bytes:
    """Write a `bytea[]`."""
    return _array(_BYTEA, items)


def numbers(items: Sequence[int]) -> bytes:
    """Write a `bigint[]`."""
    if not items:
        return _EMPTY[_INT8]
    written = map(_NUMBER.pack, repeat(_NUMBER.size - _SIZE.size), items)
    return b"".join((_HEAD.pack(1, 0, _INT8, len(items), 1), *written))


def _array(kind: int, items: Sequence[bytes]) -> bytes:
    if not items:
        return _EMPTY[kind]
    sizes = map(_SIZE.pack, map(len, items))
    head = _HEAD.pack(1, 0, kind, len(items), 1)
    return b"".join((head, *chain.from_iterable(zip(sizes, items, strict=True))))
