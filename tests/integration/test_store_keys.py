"""A key makes its unit happen once, whoever asks, however often, and whatever dies meanwhile."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from accounts import Deposit
from banking import bank
from ecommerce.store.recorder import LOCK
from ecommerce.store.unit import Answer, KeyReused
from writing import looping, rows, unit, until, versions

pytestmark = pytest.mark.servers


async def test_the_same_keys_in_two_processes_at_once_happen_once(url: str) -> None:
    orders = [(f"k{n}", Deposit("a", 1)) for n in range(100)]
    async with bank(url) as one, bank(url) as other:
        for each in (one, other):
            each.ask(orders)
        await one.read(100)
        await other.read(100)
    assert one.replies == other.replies
    assert len({reply.events for reply in one.replies.values()}) == 100
    assert await versions(url, "a") == list(range(1, 101))


async def test_after_a_crash_the_same_key_gets_what_was_recorded_before_it(url: str) -> None:
    order = ("k", Deposit("a", 1))
    async with bank(url, faults="loop.committed:kill") as killed:
        killed.ask([order])
        await killed.read_all()
    assert (killed.process.returncode, killed.replies) == (-9, {})
    async with bank(url) as again:
        (reply,) = await again.carry_out(order)
    assert reply.events == ("account-a@1",)
    assert await versions(url, "a") == [1]


async def test_a_crash_before_the_append_leaves_the_key_free(url: str) -> None:
    order = ("k", Deposit("a", 1))
    async with bank(url, faults="loop.decided:kill") as killed:
        killed.ask([order])
        await killed.read_all()
    assert await rows(url, "select key from keys") == []
    async with bank(url) as again:
        (reply,) = await again.carry_out(order)
    assert reply.events == ("account-a@1",)


async def test_while_the_first_still_runs_the_second_waits_and_gets_its_answer(url: str) -> None:
    asked = unit(Deposit("a", 1), "k")
    async with looping(url) as loop, looping(url) as other:
        with psycopg.connect(url) as holder:
            holder.execute(LOCK)
            first = asyncio.create_task(loop.submit(asked))
            await until(lambda: _wait(url, 1))
            second = [asyncio.create_task(each.submit(asked)) for each in (loop, other)]
            await until(lambda: _wait(url, 2))
            assert not any(task.done() for task in (first, *second))
            holder.rollback()
        answers = {await task for task in (first, *second)}
    assert {answer.events for answer in answers} == {("account-a@1",)}
    assert await versions(url, "a") == [1]


async def test_another_body_under_a_used_key_is_refused_by_every_process(url: str) -> None:
    async with looping(url) as loop, looping(url) as other:
        await loop.submit(unit(Deposit("a", 1), "http:ann:POST /orders:k"))
        for each in (loop, other):
            with pytest.raises(KeyReused):
                await each.submit(unit(Deposit("a", 2), "http:ann:POST /orders:k"))


async def test_a_forked_history_is_no_replay(url: str) -> None:
    """A restored log gave an event's id away again: the same message id with another content."""
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 1), "msg:orders:order-7@1"))
        again = await loop.submit(unit(Deposit("a", 1), "msg:orders:order-7@1"))
        assert again == Answer(("account-a@1",), 1, replayed=True)
        with pytest.raises(KeyReused):
            await loop.submit(unit(Deposit("a", 2), "msg:orders:order-7@1"))
    assert await versions(url, "a") == [1]


async def _wait(url: str, processes: int) -> bool:
    waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted and database ="
    mine = "(select oid from pg_database where datname = current_database())"
    return len(await rows(url, f"{waiting} {mine}")) == processes
