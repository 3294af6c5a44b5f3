"""Units are recorded once, together, and answered when they are."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

import accounts
from accounts import Deposit, Look, Move, Overdrawn, Poison, Say, Take, Taken
from ecommerce.store import line
from ecommerce.store.codec import Codec
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.unit import (
    Answer,
    KeyReused,
    LoopFull,
    LoopStopped,
    StoreUnavailable,
)
from writing import CAUSE, looping, rows, unit, versions

pytestmark = pytest.mark.servers


async def test_an_answer_names_the_events_and_the_position_that_holds_them(url: str) -> None:
    async with looping(url) as loop:
        assert await loop.submit(unit(Deposit("a", 5))) == Answer(("account-a@1",), 1)
        moved = await loop.submit(unit(Move("a", "b", 3)))
        assert moved == Answer(("account-a@2", "account-b@1"), 3)


async def test_what_is_stored_is_the_document_with_its_cause(url: str) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 5)))
        await loop.submit(unit(Take("a", 2)))
    ((topic, document),) = await rows(
        url, "select topic, state from events where notification_id = 2"
    )
    recorded = Codec([Taken]).decode(document, 2)
    assert topic == "account.Taken.v1"
    assert recorded is not None
    assert (recorded.event, recorded.id) == (Taken(2), "account-a@2")
    assert (recorded.source, recorded.cause) == ("bank", CAUSE)


async def test_a_decision_without_events_answers_with_the_head_of_the_log(url: str) -> None:
    async with looping(url) as loop:
        assert await loop.submit(unit(Look("b"))) == Answer((), 0)
        await loop.submit(unit(Deposit("a", 5)))
        assert await loop.submit(unit(Look("b"), "k")) == Answer((), 1)
        assert await loop.submit(unit(Look("b"), "k")) == Answer((), 1, replayed=True)


async def test_a_batch_is_decided_in_order_and_a_refused_unit_fails_alone(url: str) -> None:
    commands = (Deposit("a", 5), Take("a", 9), Poison("a"), Take("a", 4), Take("a", 4))
    async with looping(url) as loop:
        answers = await asyncio.gather(
            *(loop.submit(unit(command)) for command in commands), return_exceptions=True
        )
    kinds = [type(answer) for answer in answers]
    assert kinds == [Answer, Overdrawn, ZeroDivisionError, Answer, Overdrawn]
    assert await versions(url, "a") == [1, 2]


async def test_of_a_unit_over_two_streams_all_is_recorded_or_nothing(url: str) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 5)))
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Move("a", "b", 6)))
        assert await versions(url, "b") == []
        await loop.submit(unit(Move("a", "b", 5)))
    assert (await versions(url, "a"), await versions(url, "b")) == ([1, 2], [1])


async def test_a_unit_that_writes_what_it_did_not_read_is_refused(url: str) -> None:
    decider = SimpleNamespace(
        folds=accounts.folds,
        streams=lambda _: ["account-a"],
        decide=lambda *_: {"account-b": [Taken(1)]},
    )
    async with looping(url, decider) as loop:
        with pytest.raises(LookupError, match="account-b"):
            await loop.submit(unit(Look("a")))


async def test_the_same_key_twice_in_a_batch_shares_one_answer(url: str) -> None:
    async with looping(url) as loop:
        twice = unit(Deposit("a", 5), "k")
        first, second = await asyncio.gather(loop.submit(twice), loop.submit(twice))
    assert first == second == Answer(("account-a@1",), 1)
    assert await versions(url, "a") == [1]


async def test_a_key_used_before_gives_what_it_gave_then(url: str) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 5), "k"))
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("b", 5)))
        again = await loop.submit(unit(Deposit("a", 5), "k"))
    assert again == Answer(("account-a@1",), 1, replayed=True)
    assert await versions(url, "a") == [1]


async def test_a_key_cannot_be_used_for_another_request(url: str) -> None:
    async with looping(url) as loop:
        await loop.submit(unit(Deposit("a", 5), "k"))
        with pytest.raises(KeyReused):
            await loop.submit(unit(Deposit("a", 6), "k"))
        both = [loop.submit(unit(Deposit("a", amount), "l")) for amount in (1, 2)]
        answers = await asyncio.gather(*both, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Answer, KeyReused]
    assert await versions(url, "a") == [1, 2]


async def test_a_refusal_is_not_kept_under_the_key(url: str) -> None:
    async with looping(url) as loop:
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Take("a", 5), "k"))
        await loop.submit(unit(Deposit("a", 5)))
        assert await loop.submit(unit(Take("a", 5), "k")) == Answer(("account-a@2",), 2)


async def test_what_the_database_does_not_take_fails_alone(url: str) -> None:
    strange = {2: "k\ud800", 3: "k\0"}
    units = [unit(Deposit("a", 1), strange.get(number)) for number in range(6)]
    huge = unit(Deposit("b", 1), "".join(chr(300 + n) for n in range(6000)))
    async with looping(url) as loop:
        answers = await asyncio.gather(*map(loop.submit, [*units, huge]), return_exceptions=True)
        failed = [n for n, answer in enumerate(answers) if isinstance(answer, Exception)]
        assert failed == [2, 3, 6]
        await loop.submit(unit(Deposit("a", 1)))
    assert await versions(url, "a") == [1, 2, 3, 4, 5]


async def test_a_foreign_stream_is_refused_to_who_asks_for_it(url: str) -> None:
    decider = SimpleNamespace(folds=accounts.folds, streams=lambda _: ["order-1"])
    async with looping(url, decider) as loop:
        with pytest.raises(LookupError, match="order-1"):
            await loop.submit(unit(Look("a")))


async def test_a_stream_that_cannot_be_read_stops_only_its_own_units(url: str) -> None:
    async with looping(url) as loop:
        await asyncio.gather(*(loop.submit(unit(Deposit(name, 1))) for name in "ab"))
    await rows(url, "update events set state = 'x' where originator_id = 'account-a'")
    async with looping(url) as loop:
        submitted = [loop.submit(unit(Deposit(name, 1))) for name in "ab"]
        broken, well = await asyncio.gather(*submitted, return_exceptions=True)
    assert "account-a@1 cannot be read" in str(broken)
    assert isinstance(well, Answer)


async def test_commits_with_events_are_told_and_others_are_not(url: str) -> None:
    told: list[None] = []
    async with looping(url, on_commit=lambda _: told.append(None)) as loop:
        await loop.submit(unit(Look("a")))
        assert told == []
        await loop.submit(unit(Deposit("a", 1)))
        assert told == [None]


async def test_long_streams_need_no_room_in_the_cache(url: str) -> None:
    async with looping(url, cache_bytes=1) as loop:
        await loop.submit(unit(Say("a", tuple(Taken(-1) for _ in range(300)))))
        await loop.submit(unit(Take("a", 300)))
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Take("a", 1)))


async def test_stopping_records_what_waits_and_takes_no_more(url: str) -> None:
    async with looping(url) as loop:
        waiting = [asyncio.create_task(loop.submit(unit(Deposit("a", 1)))) for _ in range(300)]
        await asyncio.sleep(0)
        await loop.stop()
        assert len({answer.position for answer in await asyncio.gather(*waiting)}) == 300
        with pytest.raises(LoopStopped):
            await loop.submit(unit(Deposit("a", 1)))


async def test_a_full_line_says_so_at_once() -> None:
    loop = CommandLoop("bank", accounts, "postgresql://127.0.0.1:1/none", queue_size=2)
    waiting = [asyncio.create_task(loop.submit(unit(Look("a")))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(LoopFull):
        await loop.submit(unit(Look("a")))
    for task in waiting:
        task.cancel()


async def test_without_a_database_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.2)
    loop = CommandLoop("bank", accounts, "postgresql://127.0.0.1:1/none")
    running = asyncio.create_task(loop.run(asyncio.Event()))
    with pytest.raises(StoreUnavailable):
        await loop.submit(unit(Look("a")))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
