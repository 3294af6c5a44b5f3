"""The tables of docs/architecture.md are what the code says."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

from ecommerce.contexts import CONTEXTS
from ecommerce.events import PUBLISHED
from ecommerce.store.envelope import members

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()


def rows_after(heading: str) -> list[list[str]]:
    """Read the table whose header row starts with these words, without its header."""
    lines = PAGE.partition(heading)[2].splitlines()[2:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_the_table_of_contexts_names_all_that_each_publishes() -> None:
    rows = rows_after("| context | owns |")
    assert {context: names_in(published) for context, _, _, published in rows} == {
        context: [
            event.__name__
            for union in PUBLISHED.get(context, {}).values()
            for event in members(union)
        ]
        for context in CONTEXTS
    }


def test_the_table_of_read_models_names_each_with_its_context() -> None:
    rows = rows_after("| read model | of |")
    told = [(name, context) for models, context, _ in rows for name in names_in(models)]
    known = [
        (projection.NAME, context.name)
        for context in CONTEXTS.values()
        for projection in context.projections
    ]
    assert sorted(told) == sorted(known)
