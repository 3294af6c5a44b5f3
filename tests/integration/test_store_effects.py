"""What a unit sets off stands in the same transaction as its events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from accounts import LetterDue, LettersOff, Noted, Overdrawn, ReminderSet, Say, Take, Taken
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.envelope import open_envelope
from writing import looping, rows, unit

pytestmark = pytest.mark.servers

CALLS = "select id, stream, position, attempts from calls order by position"
TIMERS = "select id, position, due from timers order by position"


@pytest_asyncio.fixture
async def loop(url: str) -> AsyncIterator[CommandLoop]:
    options = {
        "calls": [LetterDue],
        "withdraws": [LettersOff],
        "timers": {ReminderSet: 60},
        "ends": [Taken],
    }
    async with looping(url, **options) as running:
        yield running


async def test_an_intent_makes_a_call_with_its_document(url: str, loop: CommandLoop) -> None:
    await loop.submit(unit(Say("a", (Noted("x"), LetterDue("dear"), LetterDue("dear again")))))
    assert await rows(url, CALLS) == [
        ("account-a@2", "account-a", 2, 0),
        ("account-a@3", "account-a", 3, 0),
    ]
    ((document,),) = await rows(url, "select event from calls limit 1")
    assert open_envelope(document).id == "account-a@2"


async def test_a_timer_is_due_by_the_context_s_own_clock(url: str, loop: CommandLoop) -> None:
    await rows(url, "update clock set seconds = 1000")
    await loop.submit(unit(Say("a", (ReminderSet("x"),))))
    assert await rows(url, TIMERS) == [("account-a@1", 1, 1060)]


async def test_a_call_that_was_not_begun_is_withdrawn(url: str, loop: CommandLoop) -> None:
    await loop.submit(unit(Say("a", (LetterDue("1"), LetterDue("2")))))
    await loop.submit(unit(Say("b", (LetterDue("other"),))))
    await rows(url, "update calls set attempts = 1 where id = 'account-a@1'")
    await loop.submit(unit(Say("a", (LettersOff(), LetterDue("after")))))
    left = [call for call, *_ in await rows(url, CALLS)]
    assert left == ["account-a@1", "account-b@1", "account-a@4"]


async def test_a_call_is_withdrawn_within_its_own_batch(url: str, loop: CommandLoop) -> None:
    said = (Say("a", (LetterDue("1"),)), Say("b", (LetterDue("2"),)), Say("a", (LettersOff(),)))
    await asyncio.gather(*(loop.submit(unit(command)) for command in said))
    assert [call for call, *_ in await rows(url, CALLS)] == ["account-b@1"]


async def test_the_unit_that_settles_a_call_or_a_timer_removes_it(
    url: str, loop: CommandLoop
) -> None:
    await loop.submit(unit(Say("a", (LetterDue("1"), ReminderSet("2"), LetterDue("3")))))
    await loop.submit(unit(Say("a", ()), "timer:account-a@2", settles="account-a@2"))
    await loop.submit(unit(Say("a", (Noted("sent"),)), settles="account-a@1"))
    assert await rows(url, TIMERS) == []
    assert [call for call, *_ in await rows(url, CALLS)] == ["account-a@3"]


async def test_what_settles_a_call_leaves_the_timer_of_the_same_event(
    url: str, loop: CommandLoop
) -> None:
    await loop.submit(unit(Say("a", (ReminderSet("1"),))))
    await loop.submit(unit(Say("a", ()), "call:account-a@1", settles="account-a@1"))
    assert await rows(url, TIMERS) == [("account-a@1", 1, 60)]


async def test_what_ends_a_stream_takes_back_its_timers_and_no_later_one(
    url: str, loop: CommandLoop
) -> None:
    await loop.submit(unit(Say("a", (ReminderSet("1"),))))
    await loop.submit(unit(Say("b", (ReminderSet("2"),))))
    await loop.submit(unit(Say("a", (ReminderSet("3"), Taken(0), ReminderSet("4")))))
    left = [timer for timer, *_ in await rows(url, TIMERS)]
    assert left == ["account-b@1", "account-a@4"]


async def test_a_refused_unit_settles_nothing(url: str, loop: CommandLoop) -> None:
    await loop.submit(unit(Say("a", (LetterDue("1"),))))
    with pytest.raises(Overdrawn):
        await loop.submit(unit(Take("a", 1), settles="account-a@1"))
    assert len(await rows(url, CALLS)) == 1
