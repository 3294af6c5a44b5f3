"""What the core may be made of: nothing that a clock, a lot or the world outside could change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from msgspec import Struct

import ecommerce

ROOT = Path(ecommerce.__file__).parent
MODULES = [
    ROOT / "kernel.py",
    *(
        path
        for name in ("events", "aggregates", "policies")
        for path in (ROOT / name).rglob("*.py")
    ),
]
ALLOWED = {
    "__future__",
    "collections",
    "datetime",
    "ecommerce",
    "enum",
    "functools",
    "itertools",
    "msgspec",
    "operator",
    "typing",
}
"""What the core may import: of these, only `datetime` knows the time."""
CLOCKS = {"now", "utcnow", "today"}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)


@each_module
def test_the_core_knows_no_clock_draws_no_lots_and_reaches_nothing_outside(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert set(_imported(tree)) <= ALLOWED
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not called & CLOCKS


def _structs(path: Path) -> list[type[Struct]]:
    module = import_module(".".join(("ecommerce", *path.relative_to(ROOT).with_suffix("").parts)))
    found = [value for value in vars(module).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, Struct) and value is not Struct]


@each_module
def test_what_the_core_speaks_in_can_never_be_changed(path: Path) -> None:
    bases = {"Value", "Event", "Command"}
    named = [struct for struct in _structs(path) if struct.__name__ not in bases]
    assert [struct.__name__ for struct in named if not struct.__struct_config__.frozen] == []


@each_module
def test_no_amount_is_a_float(path: Path) -> None:
    for struct in _structs(path):
        for field, kind in get_type_hints(struct).items():
            assert float not in set(_parts(kind)), f"{struct.__name__}.{field}"


def _parts(kind: Any) -> Iterator[Any]:
    yield kind
    for part in get_args(kind):
        yield from _parts(part)
