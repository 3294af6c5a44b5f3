"""Calls are made until they are settled, one at a time per stream, by whoever lives."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from accounts import LetterDue, LettersOff, Noted, Say
from ecommerce.kernel import Command
from ecommerce.store.calls import Call, CallWorker, KeySpent
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool, pool
from ecommerce.store.envelope import Recorded, open_envelope
from writing import database, emptied, looping, rows, unit, until

pytestmark = pytest.mark.servers


class Post:
    """Where letters go; it refuses the first `failures` attempts of each."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or ConnectionError("closed")
        self.keys: list[str] = []
        self.attempts: Counter[str] = Counter()
        self.busy: set[str] = set()

    async def send(self, recorded: Recorded[Any], key: str) -> Command:
        assert recorded.stream not in self.busy
        self.busy.add(recorded.stream)
        try:
            await asyncio.sleep(0.001)
            self.keys.append(key)
            self.attempts[recorded.id] += 1
            if self.attempts[recorded.id] <= self.failures:
                raise self.error
            account = recorded.stream.removeprefix("account-")
            return Say(account, (Noted(recorded.event.text),))
        finally:
            self.busy.discard(recorded.stream)


@pytest.fixture(scope="module")
def made(postgres: str) -> Iterator[str]:
    with database(postgres) as url:
        yield url


@pytest.fixture
def url(made: str) -> str:
    return emptied(made)


@pytest_asyncio.fixture
async def opened(url: str) -> AsyncIterator[Pool]:
    async with pool(url, size=2) as made:
        yield made


def loop_of(url: str, wake: asyncio.Event) -> AbstractAsyncContextManager[CommandLoop]:
    return looping(url, calls=[LetterDue], withdraws=[LettersOff], on_commit=wake.set)


@asynccontextmanager
async def working(
    opened: Pool, loop: CommandLoop, call: Call, wake: asyncio.Event
) -> AsyncIterator[CallWorker]:
    worker = CallWorker(opened, loop.submit, {LetterDue: call}, wake, concurrency=4)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await running


async def notes(url: str) -> list[str]:
    query = "select state from events where topic = 'account.Noted.v1' order by notification_id"
    return [open_envelope(row[0]).causationid for row in await rows(url, query)]


async def test_each_call_is_made_and_its_outcome_recorded_with_its_cause(
    url: str, opened: Pool
) -> None:
    wake, post = asyncio.Event(), Post()
    async with loop_of(url, wake) as loop, working(opened, loop, post.send, wake):
        letters = (LetterDue("1"), LetterDue("2"))
        await asyncio.gather(*(loop.submit(unit(Say(str(n), letters))) for n in range(8)))
        await until(lambda: _empty(url))
    assert sorted(post.keys) == sorted(f"account-{n}@{v}/1" for n in range(8) for v in (1, 2))
    assert sorted(await notes(url)) == sorted(key.removesuffix("/1") for key in post.keys)
    assert len(await rows(url, "select 1 from keys where key like 'call:account-%%'")) == 16


async def test_the_calls_of_a_stream_are_made_in_order(url: str, opened: Pool) -> None:
    wake, post = asyncio.Event(), Post()
    async with loop_of(url, wake) as loop, working(opened, loop, post.send, wake):
        await loop.submit(unit(Say("a", tuple(LetterDue(str(n)) for n in range(5)))))
        await until(lambda: _empty(url))
    assert post.keys == [f"account-a@{n}/1" for n in range(1, 6)]


async def test_a_call_that_fails_is_made_again_under_the_same_key(url: str, opened: Pool) -> None:
    wake, post = asyncio.Event(), Post(failures=1)
    async with loop_of(url, wake) as loop, working(opened, loop, post.send, wake):
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        await until(lambda: _seen(url, "select 1 from calls where last_error like '%%closed%%'"))
        assert not await _empty(url)
        await until(lambda: _empty(url))
    assert post.keys == ["account-a@1/1", "account-a@1/1"]


async def test_a_spent_key_is_followed_by_a_new_one(url: str, opened: Pool) -> None:
    wake, post = asyncio.Event(), Post(failures=1, error=KeySpent("stored"))
    async with loop_of(url, wake) as loop, working(opened, loop, post.send, wake):
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        await until(lambda: _empty(url))
    assert post.keys == ["account-a@1/1", "account-a@1/2"]


async def test_a_call_that_has_begun_is_not_withdrawn(url: str, opened: Pool) -> None:
    wake, begun, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def send(recorded: Recorded[Any], _: str) -> Command:
        begun.set()
        await go_on.wait()
        return Say("a", (Noted(recorded.event.text),))

    async with loop_of(url, wake) as loop, working(opened, loop, send, wake):
        await loop.submit(unit(Say("a", (LetterDue("1"), LetterDue("2")))))
        await begun.wait()
        await loop.submit(unit(Say("a", (LettersOff(),))))
        go_on.set()
        await until(lambda: _empty(url))
    assert await notes(url) == ["account-a@1"]


async def test_what_a_dead_worker_has_begun_is_taken_over_after_its_lease(
    url: str, opened: Pool
) -> None:
    wake, post = asyncio.Event(), Post()
    async with loop_of(url, wake) as loop:
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        leased = "update calls set attempts = 1, due_at = now() + interval '300 ms'"
        await rows(url, leased)
        async with working(opened, loop, post.send, wake):
            await until(lambda: _empty(url))
    assert post.keys == ["account-a@1/1"]


async def test_two_workers_share_the_calls(url: str, opened: Pool) -> None:
    wake, post = asyncio.Event(), Post()
    async with (
        loop_of(url, wake) as loop,
        working(opened, loop, post.send, wake),
        working(opened, loop, post.send, asyncio.Event()),
    ):
        letters = (LetterDue("1"), LetterDue("2"))
        await asyncio.gather(*(loop.submit(unit(Say(str(n), letters))) for n in range(30)))
        await until(lambda: _empty(url))
    assert len(set(post.keys)) == len(post.keys) == 60


async def _empty(url: str) -> bool:
    return not await _seen(url, "select 1 from calls")


async def _seen(url: str, query: str) -> bool:
    return bool(await rows(url, query))
