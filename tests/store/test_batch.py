"""A batch collects what its units record, and nothing of a unit that fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import accounts
from accounts import Deposit, LetterDue, LettersOff, Look, Noted, Overdrawn, Poison, Say, Take
from ecommerce.store.batch import Batch, Known, Pending, Rules
from ecommerce.store.envelope import Cause
from ecommerce.store.folds import Folds, UnreadableStream, Versioned
from ecommerce.store.unit import Answer, KeyReused, Unit, digest

FOLDS = Folds(accounts)
RULES = Rules("bank", accounts, FOLDS, frozenset({LetterDue}), frozenset({LettersOff}), {Noted: 60})


def batch(known: dict[str, Known] | None = None, **states: Versioned) -> Batch:
    named = {accounts.stream(name): state for name, state in states.items()}
    return Batch(RULES, named, known or {}, datetime(2026, 1, 2, tzinfo=UTC))


def decide(made: Batch, command: Any, key: str = "k") -> Any:
    asked = Unit(key, asking(command), Cause("c", "c", "me"), command)
    return made.decide(asked, accounts.streams(command))


def asking(command: Any) -> bytes:
    return digest(repr(command).encode())


def holding(balance: int, version: int = 1) -> Versioned:
    return Versioned(version, accounts.Account(balance))


def test_a_unit_sees_what_those_before_it_record() -> None:
    made = batch(a=holding(0, version=7))
    decide(made, Deposit("a", 5), "1")
    taken = decide(made, Take("a", 5), "2")
    assert taken.events == ("account-a@9",)
    assert isinstance(decide(made, Take("a", 1), "3"), Overdrawn)
    assert [(event.version, event.count) for event in made.events] == [(8, 1), (9, 2)]


def test_what_was_read_is_to_be_checked_written_or_not_refused_or_not() -> None:
    made = batch(a=holding(0, 3), b=holding(0, 4), c=holding(0, 5), d=holding(0, 6))
    decide(made, Deposit("a", 5), "1")
    decide(made, Look("b"), "2")
    decide(made, Take("c", 5), "3")
    decide(made, Poison("d"), "4")
    assert made.reads == {"account-a": 3, "account-b": 4, "account-c": 5, "account-d": 6}


def test_of_a_unit_that_cannot_be_written_nothing_is_kept() -> None:
    made = batch(a=holding(0))
    outcome = decide(made, Say("a", (Noted("x"), Noted("\ud800"))))
    assert isinstance(outcome, UnicodeEncodeError)
    assert (made.events, made.keys, made.timers) == ([], [], [])
    assert made.states["account-a"] == holding(0)


def test_a_known_key_is_answered_without_a_decision() -> None:
    answer = Answer(("account-a@1",), 1, replayed=True)
    made = batch({"k": Known(asking(Deposit("a", 5)), answer)}, a=holding(5))
    assert decide(made, Deposit("a", 5)) == answer
    assert isinstance(decide(made, Deposit("a", 6)), KeyReused)
    assert made.reads == {}


def test_a_key_whose_first_unit_was_refused_is_still_free() -> None:
    made = batch(a=holding(0))
    assert isinstance(decide(made, Take("a", 5)), Overdrawn)
    assert isinstance(decide(made, Deposit("a", 5)), Pending)


def test_a_withdrawal_takes_back_the_calls_before_it_and_no_later_one() -> None:
    made = batch(a=holding(0, 0), b=holding(0, 0))
    decide(made, Say("a", (LetterDue("1"),)), "1")
    decide(made, Say("b", (LetterDue("2"),)), "2")
    decide(made, Say("a", (LettersOff(), LetterDue("3"))), "3")
    assert [call.id for call in made.calls] == ["account-b@1", "account-a@3"]
    assert made.withdrawn == {"account-a"}


def test_an_unreadable_stream_is_never_decided_on() -> None:
    error = UnreadableStream("account-a@3")
    made = batch(a=Versioned(2, error))
    assert decide(made, Deposit("a", 5)) is error
    assert made.reads == {}


def test_a_gap_or_an_unknown_event_makes_a_stream_unreadable() -> None:
    made = batch(a=holding(0, 0))
    decide(made, Say("a", (Noted("x"), Noted("y"))))
    first, second = ((event.version, event.document) for event in made.events)
    whole = FOLDS.read("account-a", holding(0, 0), [first, second])
    assert whole.state.notes == ("x", "y")
    gap = FOLDS.read("account-a", holding(0, 0), [second])
    assert "version 1 is missing" in str(gap.state)
    foreign = (1, first[1].replace(b'"Noted"', b'"Sung"'))
    unknown = FOLDS.read("account-a", holding(0, 0), [foreign])
    assert "does not know" in str(unknown.state)
