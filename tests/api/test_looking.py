"""Waiting until something can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ecommerce.api import looking
from ecommerce.api.looking import Looks


class Numbers:
    """Numbers by name, as they are at each look."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.looks: list[list[str]] = []
        self.failure: Exception | None = None

    async def find(self, keys: Sequence[str]) -> dict[str, int]:
        if self.failure:
            raise self.failure
        self.looks.append([*keys])
        return {key: self.now[key] for key in keys if key in self.now}


async def test_all_who_wait_share_a_look_and_each_gets_its_own() -> None:
    numbers = Numbers()
    looks = Looks(numbers.find)
    numbers.now = {"a": 1, "b": 5}
    waiting = [asyncio.create_task(looks.until(key, (4).__lt__, 10)) for key in ("a", "a", "b")]
    assert await waiting[2] == 5
    assert looks.waiting == 2
    numbers.now["a"] = 7
    assert await asyncio.gather(*waiting[:2]) == [7, 7]
    assert numbers.looks[0] == ["a", "b"]
    assert numbers.looks[-1] == ["a"]


async def test_nobody_looks_once_nobody_waits() -> None:
    numbers = Numbers()
    looks = Looks(numbers.find)
    assert await looks.until("a", bool, 0.05) is None
    looked = len(numbers.looks)
    await asyncio.sleep(3 * looking.PAUSE)
    assert len(numbers.looks) <= looked + 1
    assert looks.waiting == 0


async def test_where_nothing_can_be_read_nobody_waits_and_the_next_looks_again() -> None:
    numbers = Numbers()
    looks = Looks(numbers.find)
    numbers.failure = RuntimeError("no database")
    assert await looks.until("a", bool, 10) is None
    numbers.failure, numbers.now = None, {"a": 1}
    assert await looks.until("a", bool, 10) == 1


async def test_a_look_asks_for_so_many_at_once_and_no_more() -> None:
    numbers = Numbers()
    numbers.now = {f"{number:04}": 1 for number in range(looking.AT_ONCE + 1)}
    looks = Looks(numbers.find)
    await asyncio.gather(*(looks.until(key, bool, 10) for key in numbers.now))
    assert [len(keys) for keys in numbers.looks] == [looking.AT_ONCE, 1]
