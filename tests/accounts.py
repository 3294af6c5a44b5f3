"""A context small enough to see what the store does with it: accounts, and money between them."""

from __future__ import annotations

from typing import Any

from ecommerce.kernel import Command, Decision, Event, Fold, Rejected, Streams, Value


class Put(Event, frozen=True):
    amount: int


class Taken(Event, frozen=True):
    amount: int


class LetterDue(Event, frozen=True):
    """An intent: something is to be done outside."""

    text: str


class LettersOff(Event, frozen=True):
    """Takes back the letters that were not begun."""


class ReminderSet(Event, frozen=True):
    """Something is to be done later."""

    text: str


class Noted(Event, frozen=True):
    text: str


class Account(Value, frozen=True):
    balance: int = 0
    notes: tuple[str, ...] = ()


class Deposit(Command, frozen=True):
    account: str
    amount: int


class Take(Command, frozen=True):
    account: str
    amount: int


class Move(Command, frozen=True):
    source: str
    target: str
    amount: int


class Look(Command, frozen=True):
    """Changes nothing."""

    account: str


class Say(Command, frozen=True):
    """Record these events as they are."""

    account: str
    events: tuple[Any, ...]


class Poison(Command, frozen=True):
    account: str


class Overdrawn(Rejected):
    """There is not so much in the account."""


def stream(account: str) -> str:
    return f"account-{account}"


def streams(command: Any) -> list[str]:
    if isinstance(command, Move):
        return [stream(command.source), stream(command.target)]
    return [stream(command.account)]


def decide(command: Any, states: Streams) -> Decision:
    match command:
        case Deposit(account, amount):
            return {stream(account): [Put(amount)]}
        case Take(account, amount):
            return {stream(account): [_take(states[stream(account)], amount)]}
        case Move(source, target, amount):
            taken = _take(states[stream(source)], amount)
            return {stream(source): [taken], stream(target): [Put(amount)]}
        case Say(account, events):
            return {stream(account): list(events)}
        case Look():
            return {}
        case _:
            raise ZeroDivisionError("poison")


def _take(account: Account, amount: int) -> Taken:
    if account.balance < amount:
        raise Overdrawn
    return Taken(amount)


def evolve(account: Account, event: Event) -> Account:
    match event:
        case Put(amount):
            return Account(account.balance + amount, account.notes)
        case Taken(amount):
            return Account(account.balance - amount, account.notes)
        case Noted(text):
            return Account(account.balance, (*account.notes, text))
        case _:
            return account


folds = {
    "account": Fold(Account(), evolve, Put | Taken | LetterDue | LettersOff | ReminderSet | Noted)
}
