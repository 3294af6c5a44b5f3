"""What waits together costs one reading and one commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from accounts import Deposit
from ecommerce.store.writer import Writer
from writing import looping, rows, unit

pytestmark = pytest.mark.servers

RECORDED = """
    select count(distinct xmin::text), count(*) from events
    union all select count(distinct xmin::text), count(*) from keys
"""
"""By how many transactions how many rows were written."""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what goes to the database, each a round trip of its own."""
    taken = list[str]()
    for name in ("read", "lock", "append"):
        really: Any = getattr(Writer, name)

        async def noted(*given: Any, _name: str = name, _really: Any = really, **named: Any) -> Any:
            taken.append(_name)
            return await _really(*given, **named)

        monkeypatch.setattr(Writer, name, noted)
    return taken


async def test_what_waits_together_is_read_by_one_query_and_recorded_in_one_transaction(
    url: str, steps: list[str]
) -> None:
    async with looping(url) as loop:
        await asyncio.gather(*(loop.submit(unit(Deposit(f"{n}", 1))) for n in range(50)))
    assert steps == ["read", "append"]
    assert await rows(url, RECORDED) == [(1, 50), (1, 50)]


async def test_alone_a_command_costs_one_reading_and_one_commit(url: str, steps: list[str]) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 1)))
        await loop.submit(unit(Deposit("a", 1)))
    assert steps == 2 * ["read", "append"]
