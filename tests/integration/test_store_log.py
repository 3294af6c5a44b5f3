"""The log is read in pages, and what is too old is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from accounts import Deposit, Say, Taken
from ecommerce.store import keys, log
from ecommerce.store.connection import Pool, pool
from writing import looping, rows, unit

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture
async def opened(url: str) -> AsyncIterator[Pool]:
    async with pool(url, size=1) as made:
        yield made


async def test_pages_follow_each_other(url: str, opened: Pool) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 1)))
        await loop.submit(unit(Say("b", (Taken(1), Taken(2)))))
    async with opened.connection() as connection:
        first = await log.read(connection, 0, 2)
        rest = await log.read(connection, first[-1].position, 2)
        taken = await log.read(connection, 0, 9, ["account.Taken.v1"])
        assert [entry.position for entry in first + rest] == [1, 2, 3]
        assert [(entry.topic, entry.stream) for entry in first] == [
            ("account.Put.v1", "account-a"),
            ("account.Taken.v1", "account-b"),
        ]
        assert [entry.position for entry in taken] == [2, 3]
        assert b'"amount":2' in rest[0].document
        assert await log.head(connection) == 3


async def test_an_empty_log_ends_at_0(opened: Pool) -> None:
    async with opened.connection() as connection:
        assert await log.head(connection) == 0
        assert await log.read(connection, 0, 10) == []


async def test_keys_are_forgotten_when_they_are_too_old(url: str, opened: Pool) -> None:
    made = "insert into keys values (%s, '', '[]', 0, now() - make_interval(days => %s))"
    for key, days in (("http:a", 8), ("http:b", 6), ("msg:a", 8), ("msg:b", 91), ("call:a", 89)):
        await rows(url, made, key, days)
    assert await keys.prune(opened) == 2
    left = await rows(url, "select key from keys order by 1")
    assert left == [("call:a",), ("http:b",), ("msg:a",)]
    assert await keys.prune(opened) == 0
