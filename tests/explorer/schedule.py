"""A schedule: what is asked of whom, who gets on, and what goes wrong, in this order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from ecommerce.kernel import Command, Value
from explorer.memory_session import GHOST

NAMES = ("one", "two", "three")


class Ask(Value, frozen=True):
    """A client asks an instance for a unit, and waits for the answer."""

    of: str
    key: str
    command: Command

    def __str__(self) -> str:
        return f"{self.of} is asked {self.key}: {self.command}"


class Leave(Value, frozen=True):
    """A client who asked for this no longer waits."""

    key: str

    def __str__(self) -> str:
        return f"who asked for {self.key} leaves"


class Go(Value, frozen=True):
    """An instance gets on by so many steps."""

    who: str
    steps: int

    def __str__(self) -> str:
        return f"{self.who} gets on"


class Cut(Value, frozen=True):
    """An instance's connection breaks: what it sent goes on, what it is sent is lost."""

    who: str

    def __str__(self) -> str:
        return f"{self.who} loses its connection"


class Kill(Value, frozen=True):
    """An instance dies, and another starts in its place; what it sent goes on."""

    who: str

    def __str__(self) -> str:
        return f"{self.who} is killed, and started anew"


class Stop(Value, frozen=True):
    """An instance is told to stop, and another starts in its place when it is asked for more."""

    who: str

    def __str__(self) -> str:
        return f"{self.who} is told to stop"


class Drop(Value, frozen=True):
    """What a client had sent does not go on: it never arrived, or the server ends the session."""

    who: str

    def __str__(self) -> str:
        return f"{self.who}'s session is ended by the server"


class Wait(Value, frozen=True):
    """Time passes, and nobody gets on."""

    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds} s pass"


Step: TypeAlias = Ask | Leave | Go | Cut | Kill | Stop | Drop | Wait


Commands: TypeAlias = Callable[[Random], Callable[[], Command]]


def make(seed: int, commands: Commands) -> list[Step]:
    """Make up a schedule, always the same from one seed.

    Schedules differ in kind, too: some have no faults, or no crowd, or no time.
    """
    random = Random(seed)
    names, command = NAMES[: random.choice((2, 2, 3))], commands(random)
    weights = [
        random.choice((20, 40)),
        60,
        *(random.choice((0, most)) for most in (5, 4, 3, 2, 2, 5)),
    ]
    crowd = random.choice((1, 1, 2, 5))
    asked: list[Ask] = []
    steps: list[Step] = []
    for _ in range(random.randint(5, 60)):
        kind, who = random.choices(range(8), weights)[0], random.choice(names)
        if kind == 0:
            for _ in range(random.randint(1, crowd)):
                asked.append(_ask(random, who, asked, command))
                steps.append(asked[-1])
        else:
            steps.append(_step(random, kind, who, [ask.key for ask in asked]))
    return steps


def _step(random: Random, kind: int, who: str, keys: list[str]) -> Step:
    match kind:
        case 1:
            return Go(random.choice((who, who, who, GHOST)), random.randint(1, 3))
        case 2:
            return Cut(who)
        case 3:
            return Kill(who)
        case 4:
            return Drop(random.choice((who, GHOST, GHOST)))
        case 5:
            return Stop(who)
        case 6 if keys:
            return Leave(random.choice(keys))
        case _:
            return Wait(random.choice((0.1, 0.2, 0.2, 1, 3, 6, 12, 21)))


def _ask(random: Random, of: str, asked: list[Ask], command: Callable[[], Command]) -> Ask:
    """Ask for something new, again for something asked before, or that under a wrong key."""
    if asked and random.random() < 0.3:
        before = random.choice(asked)
        wrong = random.random() < 0.1
        return Ask(of, before.key, command() if wrong else before.command)
    kind = random.choice(("msg",) * 6 + ("call", "timer"))
    return Ask(of, f"{kind}:{len(asked)}", command())
