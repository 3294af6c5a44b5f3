"""Each guarantee names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "guarantees.md"
NAMED = re.compile(r"`([\w/]+\.py|…)(?:::(\w+))?")

ALONE = re.compile(r"`(test_\w+)`")


def file_of(name: str) -> Path:
    found = [path for path in TESTS.rglob("test_*.py") if path.as_posix().endswith(f"/{name}")]
    assert len(found) == 1, name
    return found[0]


def test_every_guarantee_is_held_by_a_test_that_exists() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| guarantee")]
    assert rows
    everything = "".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    file = Path()
    for row in rows:
        tests = row.rsplit(" | ", 1)[1]
        alone, named = ALONE.findall(tests), NAMED.findall(tests)
        assert alone or named, row
        for test in alone:
            assert f"def {test}(" in everything, (row, test)
        for name, test in named:
            file = file if name == "…" else file_of(name)
            assert not test or f"def {test}(" in file.read_text(), (row, test)
