"""Calls are made until they are settled, one at a time per stream, by whoever lives."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from accounts import LetterDue, LettersOff, Noted, Say
from ecommerce.kernel import Command
from ecommerce.store import call_worker
from ecommerce.store.call_worker import CallWorker
from ecommerce.store.calls import Call, KeySpent, NotBegun
from ecommerce.store.claims import claim
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool, pool
from ecommerce.store.envelope import Recorded, open_envelope
from writing import looping, rows, unit, until

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


@pytest_asyncio.fixture
async def opened(url: str) -> AsyncIterator[Pool]:
    async with pool(url, size=2) as made:
        yield made


def loop_of(url: str, wake: asyncio.Event) -> AbstractAsyncContextManager[CommandLoop]:
    return looping(url, calls=[LetterDue], withdraws=[LettersOff], on_commit=lambda _: wake.set())


@asynccontextmanager
async def working(
    opened: Pool, loop: CommandLoop, call: Call, wake: asyncio.Event
) -> AsyncIterator[CallWorker]:
    worker = CallWorker(
        opened, loop.submit, {LetterDue: call}, wake, concurrency=4, withdraws=[LettersOff]
    )
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.drain()
        await asyncio.gather(running, return_exceptions=True)


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
    wake, post, both = asyncio.Event(), Post(), asyncio.Barrier(2)

    async def send_together(recorded: Recorded[Any], key: str) -> Command:
        if not post.keys:
            await both.wait()  # so that nobody goes on alone
        return await post.send(recorded, key)

    async with loop_of(url, wake) as loop:
        workers = [
            CallWorker(opened, loop.submit, {LetterDue: send_together}, wake, concurrency=1)
            for _ in range(2)
        ]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        letters = (LetterDue("1"), LetterDue("2"))
        await asyncio.gather(*(loop.submit(unit(Say(str(n), letters))) for n in range(30)))
        await until(lambda: _empty(url))
        await asyncio.gather(*(worker.drain() for worker in workers), *running)
    assert len(set(post.keys)) == len(post.keys) == 60


async def test_a_worker_claims_no_more_than_it_may_whatever_the_planner_thinks(
    url: str, opened: Pool
) -> None:
    due = """
        insert into calls (id, stream, event, position)
        select i || '@1', i, '', i from generate_series(%s::int, %s) i
    """
    await rows(url, due, 1, 1)
    await rows(url, "vacuum analyze calls")
    await rows(url, due, 2, 40)  # on the same page, so that the planner still expects one row
    assert [len(await claim(opened, 4, [])) for _ in range(2)] == [4, 4]


async def test_a_full_worker_claims_nothing(url: str, opened: Pool) -> None:
    wake, post, go_on = asyncio.Event(), Post(), asyncio.Event()

    async def send(recorded: Recorded[Any], key: str) -> Command:
        await go_on.wait()
        return await post.send(recorded, key)

    async with loop_of(url, wake) as loop, working(opened, loop, send, wake):
        await asyncio.gather(
            *(loop.submit(unit(Say(str(n), (LetterDue("1"),)))) for n in range(12))
        )
        begun = "select 1 from calls where attempts > 0 having count(*) = 4"
        await until(lambda: _seen(url, begun))
        for _ in range(10):
            wake.set()
            await asyncio.sleep(0)
        assert await _seen(url, begun)
        go_on.set()
        await until(lambda: _empty(url))


async def test_a_call_that_was_refused_unsent_can_still_be_withdrawn(
    url: str, opened: Pool
) -> None:
    wake = asyncio.Event()

    async def send(_: Recorded[Any], __: str) -> Command:
        raise NotBegun(60)

    async with loop_of(url, wake) as loop, working(opened, loop, send, wake):
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        await until(lambda: _seen(url, "select 1 from calls where last_error is not null"))
        assert await rows(url, "select attempts, series from calls") == [(0, 1)]
        await loop.submit(unit(Say("a", (LettersOff(),))))
        assert await _empty(url)


async def test_a_call_that_its_stream_withdraws_while_it_is_refused_unsent_is_never_made(
    url: str, opened: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_worker, "POLL", 0.02)
    wake, begun, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    async def send(_: Recorded[Any], key: str) -> Command:
        asked.append(key)
        begun.set()
        await go_on.wait()
        raise NotBegun(0.05)

    async with loop_of(url, wake) as loop, working(opened, loop, send, wake):
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        await begun.wait()
        await loop.submit(unit(Say("a", (LettersOff(),))))
        assert not await _empty(url)
        go_on.set()
        await until(lambda: _empty(url))
    assert asked == ["account-a@1/1"]


async def test_a_call_refused_unsent_after_one_of_unknown_outcome_is_not_withdrawn(
    url: str, opened: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_worker, "POLL", 0.02)
    wake = asyncio.Event()
    errors: list[Exception] = [TimeoutError("lost"), NotBegun(0.05)]

    async def send(recorded: Recorded[Any], _: str) -> Command:
        if errors:
            if len(errors) == 1:
                await loop.submit(unit(Say("a", (LettersOff(),))))
            raise errors.pop(0)
        return Say("a", (Noted(recorded.event.text),))

    async with loop_of(url, wake) as loop, working(opened, loop, send, wake):
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        await until(lambda: _empty(url))
    assert await notes(url) == ["account-a@1"]


async def test_a_stop_during_a_call_waits_for_its_outcome(url: str, opened: Pool) -> None:
    wake, post, begun, go_on = asyncio.Event(), Post(), asyncio.Event(), asyncio.Event()

    async def send(recorded: Recorded[Any], key: str) -> Command:
        begun.set()
        await go_on.wait()
        return await post.send(recorded, key)

    async with loop_of(url, wake) as loop, working(opened, loop, send, wake) as worker:
        await loop.submit(unit(Say("a", (LetterDue("1"),))))
        await begun.wait()
        draining = asyncio.create_task(worker.drain())
        await asyncio.sleep(0)
        go_on.set()
        await draining
        assert await _empty(url)
    assert await notes(url) == ["account-a@1"]


async def test_a_call_that_outlasts_a_stop_is_due_at_once_under_the_same_key(
    url: str, opened: Pool
) -> None:
    wake, post, begun = asyncio.Event(), Post(), asyncio.Event()

    async def hang(_: Recorded[Any], __: str) -> Command:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with loop_of(url, wake) as loop:
        async with working(opened, loop, hang, wake) as worker:
            await loop.submit(unit(Say("a", (LetterDue("1"),))))
            await begun.wait()
            await worker.drain(patience=0.01)
        assert await _seen(url, "select 1 from calls where due_at <= now() and attempts = 1")
        async with working(opened, loop, post.send, wake):
            await until(lambda: _empty(url))
    assert post.keys == ["account-a@1/1"]


async def _empty(url: str) -> bool:
    return not await _seen(url, "select 1 from calls")


async def _seen(url: str, query: str) -> bool:
    return bool(await rows(url, query))
