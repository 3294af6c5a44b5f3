"""Accounts again, with decisions that depend on what they only read, and things to do later."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import accounts
from accounts import (
    Account,
    Deposit,
    LetterDue,
    LettersOff,
    Move,
    Overdrawn,
    Poison,
    ReminderSet,
    Say,
    Take,
    Taken,
    stream,
)
from ecommerce.kernel import Command, Decision, Event, Streams

CALLS = (LetterDue,)
WITHDRAWS = (LettersOff,)
TIMERS: dict[type[Event], int] = {ReminderSet: 60}
ENDS = (LettersOff,)

folds = accounts.folds


class Cover(Command, frozen=True):
    """Take an amount, even if it is not there, as long as another account makes up for it."""

    account: str
    backing: str
    amount: int


class Expect(Command, frozen=True):
    """Change nothing, but be refused where there is less than this."""

    account: str
    least: int


def streams(command: Any) -> list[str]:
    if isinstance(command, Cover):
        return [stream(command.account), stream(command.backing)]
    return accounts.streams(command)


def decide(command: Any, states: Streams) -> Decision:
    match command:
        case Cover(account, backing, amount):
            if _balance(states, account) + _balance(states, backing) < amount:
                raise Overdrawn
            return {stream(account): [Taken(amount)]}
        case Expect(account, least):
            if _balance(states, account) < least:
                raise Overdrawn
            return {}
        case _:
            return accounts.decide(command, states)


def _balance(states: Streams, account: str) -> int:
    state: Account = states[stream(account)]
    return state.balance


def commands(random: Random) -> Callable[[], Command]:
    """Choose how often each kind of command is asked for; some are, at times, not at all."""
    weights = [6, *(random.choice((0, 1, most)) for most in (4, 4, 12, 2, 2, 1))]
    names = random.choice(("ab", "abc"))

    def command() -> Command:
        account, other = random.sample(names, 2)
        (make,) = random.choices(_KINDS, weights)
        return make(account, other, random.randint(1, 4))

    return command


_SAYINGS: Final[tuple[tuple[Event, ...], ...]] = (
    (LetterDue("due"),),
    (LetterDue("due"), ReminderSet("later")),
    (LettersOff(),),
    (LettersOff(), LetterDue("due")),
)

_KINDS: Final[tuple[Callable[[str, str, int], Command], ...]] = (
    lambda account, _, amount: Deposit(account, amount),
    lambda account, _, amount: Take(account, amount),
    Move,
    Cover,
    lambda account, _, least: Expect(account, least),
    lambda account, _, which: Say(account, _SAYINGS[which - 1]),
    lambda account, *_: Poison(account),
)
