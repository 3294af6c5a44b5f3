"""A process that stands still at any point of its writing holds nobody up for long."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest

import wire as wires
from accounts import Deposit, Noted, Say
from banking import Bank, bank
from ecommerce.store.connection import arguments
from ecommerce.store.recorder import LOCK
from ecommerce.store.unit import Answer
from wire import wire
from writing import database, looping, rows, unit, until, versions

pytestmark = pytest.mark.servers

A_FEW_SECONDS = 8.0

SHORT = Deposit("a", 1)
LONG = Say("a", (Noted("x" * 9000),))
"""Too long to be sent in one piece: the lock comes before it, with a Sync of its own."""

PHASES = {
    "before anything is sent": (SHORT, wires.NOTHING, 0),
    "in its begin": (SHORT, wires.HALF_OF_BEGIN, 3),
    "with the lock": (SHORT, wires.LOCK, 0),
    "with the lock, before its Sync": (LONG, wires.LOCK, 0),
    "with the lock, after its Sync": (LONG, wires.LOCK_AND_SYNC, 0),
    "with half of the append sent": (SHORT, wires.LOCK, 200),
    "with half of a long append sent": (LONG, wires.LOCK_AND_SYNC, 4500),
    "with the append made": (SHORT, wires.APPEND, 0),
    "with all but the commit sent": (SHORT, wires.ALL_BUT_COMMIT, 0),
    "before its last Sync": (SHORT, wires.ALL_BUT_SYNC, 0),
    "before it has the answer": (SHORT, wires.EVERYTHING, 0),
}


async def test_nobody_waits_long_for_a_process_that_is_stopped_in_its_append(
    postgres: str,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for phase in PHASES:
            tasks.create_task(_stopped_in(phase, postgres))


@asynccontextmanager
async def _apart(postgres: str) -> AsyncIterator[str]:
    """Make a database, and let the others go on meanwhile."""
    made = database(postgres)
    url = await asyncio.to_thread(made.__enter__)
    try:
        yield url
    finally:
        await asyncio.to_thread(made.__exit__, None, None, None)


async def _stopped_in(phase: str, postgres: str) -> None:
    async with _apart(postgres) as url:
        async with wire(url) as stopping, looping(stopping.url) as stopped, looping(url) as loop:
            command, messages, extra = PHASES[phase]
            stopping.stop_after(messages, extra)
            waiting = asyncio.create_task(stopped.submit(unit(command, "stopped")))
            async with asyncio.timeout(5):
                await stopping.stopped.wait()
            try:
                async with asyncio.timeout(A_FEW_SECONDS):
                    answer = await loop.submit(unit(Deposit("a", 1)))
            except Exception as error:
                raise AssertionError(f"who is stopped {phase} holds others up") from error
            stopping.cut()  # it goes on, and finds its connection gone
            answers = [answer, await waiting]
        assert sorted(each.events for each in answers) == [("account-a@1",), ("account-a@2",)], (
            phase
        )
        assert await versions(url, "a") == [1, 2], phase


async def test_nobody_waits_long_for_a_process_that_takes_only_half_of_a_result(url: str) -> None:
    stopped = await psycopg.AsyncConnection.connect(url, **arguments())
    pgconn = stopped.pgconn
    statements = ("begin", LOCK, "select repeat('x', 9999) from generate_series(1, 9999)")
    pgconn.send_query("; ".join(statements).encode())
    pgconn.flush()

    async def sending() -> bool:
        return bool(
            await rows(url, "select 1 from pg_stat_activity where wait_event = 'ClientWrite'")
        )

    await until(sending)
    async with looping(url) as loop, asyncio.timeout(A_FEW_SECONDS):
        assert await loop.submit(unit(Deposit("a", 1))) == Answer(("account-a@1",), 1)
    await stopped.close()


@contextmanager
def stopped(process: Bank) -> Iterator[None]:
    os.kill(process.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.process.pid, signal.SIGCONT)


async def _stands_still(process: Bank) -> bool:
    with open(f"/proc/{process.process.pid}/stat") as stat:  # noqa: ASYNC230, PTH123 - in memory
        return stat.read().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("point", ["loop.decided", "loop.committed"])
async def test_who_goes_on_after_it_was_stopped_answers_what_is_recorded(
    url: str, point: str
) -> None:
    async with bank(url, faults=f"{point}:stop@2") as process, looping(url) as loop:
        await process.carry_out(("0", Deposit("a", 1)))
        process.ask([("1", Deposit("a", 1))])
        await until(lambda: _stands_still(process))
        async with asyncio.timeout(2):
            await loop.submit(unit(Deposit("a", 1)))
        os.kill(process.process.pid, signal.SIGCONT)
        (reply,) = await process.read(1)
    assert reply.events == (f"account-a@{3 if point == 'loop.decided' else 2}",)
    assert await versions(url, "a") == [1, 2, 3]


async def test_under_load_nothing_is_lost_or_held_up_when_a_process_is_stopped(url: str) -> None:
    async with bank(url) as process, _load(url) as answers:
        process.ask((f"k{n}", Deposit(str(n % 7), 1)) for n in range(4000))
        await process.read(700)
        with stopped(process):
            before = len(answers)
            await asyncio.sleep(6)
        assert len(answers) > before
        await process.read(3300)
    assert {reply.error for reply in process.replies.values()} <= {"", "StoreUnavailable"}
    kept = dict(await rows(url, "select key, events from keys where key like 'k%%'"))
    for key, reply in process.replies.items():
        if reply.events:
            assert kept[key] == list(reply.events)
    (((events, keys),)) = await rows(
        url, "select (select count(*) from events), (select count(*) from keys)"
    )
    assert events == keys


@asynccontextmanager
async def _load(url: str) -> AsyncIterator[list[Answer]]:
    """Write one unit after the other; none of them may wait for long."""
    answers: list[Answer] = []

    async def write() -> None:
        while True:
            async with asyncio.timeout(A_FEW_SECONDS):
                answers.append(await loop.submit(unit(Deposit("0", 1))))

    async with looping(url) as loop:
        writing = asyncio.create_task(write())
        try:
            yield answers
            assert not writing.done()
        finally:
            writing.cancel()
            await asyncio.wait([writing])
