"""Whoever else writes, and whatever is lost on the way: no version twice, no stale answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

import accounts
from accounts import Deposit, Look, Overdrawn, Put, Say, Take, Taken
from ecommerce.store.append import Appended
from ecommerce.store.batch import Batch
from ecommerce.store.connection import TIMEOUTS, arguments
from ecommerce.store.recorder import LOCK
from ecommerce.store.unit import Answer
from ecommerce.store.writer import Writer
from writing import append, looping, rows, unit, until, versions

pytestmark = pytest.mark.servers

KILL_OTHERS = """select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()"""


def meanwhile(happens: Callable[[], None]) -> Any:
    """Make a decider that lets something happen, once, between its reading and its answer."""
    due = [happens]

    def decide(command: Any, states: Any) -> Any:
        if due:
            due.pop()()
        return accounts.decide(command, states)

    return SimpleNamespace(folds=accounts.folds, streams=accounts.streams, decide=decide)


async def test_64_at_once_on_one_stream_get_a_version_each(url: str) -> None:
    async with looping(url) as loop:
        answers = await asyncio.gather(*(loop.submit(unit(Deposit("a", 1))) for _ in range(64)))
    assert {answer.events for answer in answers} == {(f"account-a@{n}",) for n in range(1, 65)}
    assert await versions(url, "a") == list(range(1, 65))


async def test_two_loops_that_hold_the_same_stream_never_take_too_much(url: str) -> None:
    async with looping(url) as one, looping(url) as other:
        await one.submit(unit(Deposit("a", 50)))
        for _ in range(10):
            taken = [
                loop.submit(unit(Take("a", 1))) for loop in (one, other, one) for _ in range(3)
            ]
            await asyncio.gather(*taken, return_exceptions=True)
        with pytest.raises(Overdrawn):
            await other.submit(unit(Take("a", 1)))
    assert await versions(url, "a") == list(range(1, 52))


async def test_a_refusal_on_a_stale_state_is_never_answered(url: str) -> None:
    decider = meanwhile(lambda: append(url, "a", 1, Put(5)))
    async with looping(url, decider) as loop:
        assert await loop.submit(unit(Take("a", 5))) == Answer(("account-a@2",), 2)


async def test_an_empty_decision_on_a_stale_state_is_never_answered(url: str) -> None:
    seen = []
    decider = meanwhile(lambda: append(url, "a", 1, Put(5)))

    def decide(command: Any, states: Any) -> Any:
        seen.append(states["account-a"].balance)
        return decider.decide(command, states)

    watched = SimpleNamespace(folds=accounts.folds, streams=accounts.streams, decide=decide)
    async with looping(url, watched) as loop:
        assert await loop.submit(unit(Look("a"))) == Answer((), 1)
    assert seen == [0, 5]


async def test_an_acceptance_on_a_stale_state_is_decided_again(url: str) -> None:
    def take() -> None:
        append(url, "a", 2, Taken(5))

    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 5)))
    async with looping(url, meanwhile(take)) as loop:
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Take("a", 5)))
    assert await versions(url, "a") == [1, 2]


async def test_after_one_lost_race_the_lock_keeps_others_out(url: str) -> None:
    decisions: list[Any] = []

    def compete() -> None:
        with psycopg.connect(url) as connection:
            taken = connection.execute(LOCK.replace("pg_", "pg_try_", 1)).fetchone()
        if taken == (True,):
            append(url, "a", len(decisions) + 1, Put(1))

    def decide(command: Any, states: Any) -> Any:
        compete()
        decisions.append(command)
        return accounts.decide(command, states)

    decider = SimpleNamespace(folds=accounts.folds, streams=accounts.streams, decide=decide)
    async with looping(url, decider) as loop:
        assert await loop.submit(unit(Deposit("a", 5))) == Answer(("account-a@2",), 2)
    assert len(decisions) == 2


async def test_a_key_that_another_instance_uses_meanwhile_is_not_used_twice(url: str) -> None:
    def use() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "insert into keys values ('k', %s, '[\"account-a@7\"]', 7)", (used.digest,)
            )

    used = unit(Deposit("a", 5), "k")
    async with looping(url, meanwhile(use)) as loop:
        answer = await loop.submit(used)
    assert answer == Answer(("account-a@7",), 7, replayed=True)
    assert await versions(url, "a") == []


async def test_states_ahead_of_a_log_that_went_back_are_forgotten(url: str) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Say("a", (Put(5), Put(5)))))
        await rows(url, "delete from events where originator_version = 2")
        async with asyncio.timeout(5):
            with pytest.raises(Overdrawn):
                await loop.submit(unit(Take("a", 10)))
    assert await versions(url, "a") == [1]


async def test_no_state_is_held_over_a_lost_connection(url: str) -> None:
    def fail_over() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("truncate events")
            connection.execute(KILL_OTHERS)
        append(url, "a", 1, Put(1))

    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 5)))
        fail_over()
        with pytest.raises(Overdrawn):  # the same version as before, and another state
            await loop.submit(unit(Take("a", 5)))


async def test_a_connection_lost_before_the_commit_costs_nothing(url: str) -> None:
    def kill() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(KILL_OTHERS)

    async with looping(url, meanwhile(kill)) as loop:
        answers = await asyncio.gather(*(loop.submit(unit(Deposit("a", 1))) for _ in range(20)))
    assert len({answer.events for answer in answers}) == 20
    assert await versions(url, "a") == list(range(1, 21))


async def test_a_lost_acknowledgement_of_a_commit_is_settled_by_the_key(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_really = Writer.append
    lost: list[Appended | None] = []

    async def append_unheard(self: Writer, batch: Batch, *, locked: bool) -> Appended | None:
        appended = await append_really(self, batch, locked=locked)
        if not lost:
            lost.append(appended)
            raise psycopg.OperationalError("the connection is lost")
        return appended

    monkeypatch.setattr(Writer, "append", append_unheard)
    async with looping(url) as loop:
        answers = await asyncio.gather(*(loop.submit(unit(Deposit("a", 1))) for _ in range(3)))
    assert [answer.position for answer in answers] == [1, 2, 3]
    assert await versions(url, "a") == [1, 2, 3]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TIMEOUTS, "idle_in_transaction_session_timeout", "500ms")
    monkeypatch.setitem(TIMEOUTS, "lock_timeout", "1s")


@pytest.mark.usefixtures("hasty")
async def test_who_is_stopped_with_the_lock_loses_it(url: str) -> None:
    stopped = Writer(url)
    await stopped.open()
    await stopped.lock()
    async with looping(url) as loop:
        assert await loop.submit(unit(Deposit("a", 1))) == Answer(("account-a@1",), 1)
    await stopped.close()


@pytest.mark.usefixtures("hasty")
async def test_who_is_stopped_while_sending_loses_it_too(url: str) -> None:
    stopped = await psycopg.AsyncConnection.connect(url, **arguments())
    pgconn = stopped.pgconn
    pgconn.enter_pipeline_mode()
    for statement in (b"begin", LOCK.encode(), b"select 1"):
        pgconn.send_query_params(statement, None)
    pgconn.send_flush_request()
    pgconn.flush()

    async def locked() -> bool:
        return bool(await rows(url, "select 1 from pg_locks where locktype = 'advisory'"))

    await until(locked)
    async with looping(url) as loop:
        assert await loop.submit(unit(Deposit("a", 1))) == Answer(("account-a@1",), 1)
    await stopped.close()


async def test_positions_appear_in_the_order_of_commits(url: str) -> None:
    async def read() -> list[int]:
        seen: list[int] = []
        while len(seen) < 200:
            last = seen[-1] if seen else 0
            query = "select notification_id from events where notification_id > %s order by 1"
            seen += [position for (position,) in await rows(url, query, last)]
        return seen

    async with looping(url) as one, looping(url) as other:
        reader = asyncio.create_task(read())
        await asyncio.gather(
            *(
                loop.submit(unit(Deposit(f"{number}{loop is one}", 1)))
                for number in range(100)
                for loop in (one, other)
            )
        )
        async with asyncio.timeout(10):
            seen = await reader
    everything = await rows(url, "select notification_id from events order by 1")
    assert [(position,) for position in seen] == everything
