"""The JSON Schemas of events, with what their fields mean and which of them are personal."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from inspect import cleandoc, getsource
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import inspect

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"


def schemas(kinds: Iterable[type[Any]]) -> dict[str, Schema]:
    """Make the schemas of structs and of all that they hold, by their names."""
    kinds = list(kinds)
    _, made = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    structs = {kind.cls.__name__: kind for kind in _structs(inspect.multi_type_info(kinds))}
    return {name: _told(structs[name], schema) for name, schema in sorted(made.items())}


def _structs(kinds: Iterable[inspect.Type]) -> Iterator[inspect.StructType]:
    for kind in kinds:
        yield from _structs(_parts(kind))
        if isinstance(kind, inspect.StructType):
            yield kind


def _parts(kind: inspect.Type) -> Iterable[inspect.Type]:
    match kind:
        case inspect.Metadata():
            return [kind.type]
        case inspect.StructType():
            return [field.type for field in kind.fields]
        case inspect.UnionType():
            return kind.types
        case inspect.VarTupleType():
            return [kind.item_type]
        case _:
            return []


def _told(kind: inspect.StructType, schema: Schema) -> Schema:
    """Add what msgspec leaves out: the fields' docstrings, the form of times, who is named."""
    words = docstrings(kind.cls)
    properties = {
        field.encode_name: schema["properties"][field.encode_name]
        | _marks(field.type)
        | ({"description": words[field.name]} if field.name in words else {})
        for field in kind.fields
    }
    about = {"description": cleandoc(schema["description"])} if "description" in schema else {}
    return {**schema, **about, "properties": properties}


def _marks(kind: inspect.Type) -> Schema:
    if isinstance(kind, inspect.Metadata) and kind.extra and kind.extra.get("personal"):
        return {"x-personal": True}
    return {"format": "date-time"} if isinstance(kind, inspect.DateTimeType) else {}


def docstrings(struct: type[Any]) -> dict[str, str]:
    """Read the strings that stand under fields; Python itself does not keep them."""
    (made,) = ast.parse(getsource(struct)).body
    body = made.body if isinstance(made, ast.ClassDef) else []
    return {
        field.target.id: " ".join(words.value.value.split())
        for field, words in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr)
        and isinstance(words.value, ast.Constant)
        and isinstance(words.value.value, str)
    }
