"""Each guarantee names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "guarantees.md"
NAMED = re.compile(r"([\w/]+\.py|…)(?:::(\w+))?")
ALONE = re.compile(r"test_\w+")


FILES = {path.as_posix(): path.read_text() for path in TESTS.rglob("test_*.py")}


def file_of(name: str) -> str:
    (found,) = [text for path, text in FILES.items() if path.endswith(f"/{name}")]
    return found


def test_every_guarantee_is_held_by_a_test_that_exists() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| guarantee")]
    assert rows
    everything = "".join(FILES.values())
    file = ""
    for row in rows:
        words = re.findall(r"`([^`]+)`", row.rsplit(" | ", 1)[1])
        assert words, row
        for word in words:
            if ALONE.fullmatch(word):
                assert f"def {word}(" in everything, (row, word)
            else:
                named = NAMED.fullmatch(word)
                assert named, (row, word)
                file = file if named[1] == "…" else file_of(named[1])
                assert not named[2] or f"def {named[2]}(" in file, (row, word)
