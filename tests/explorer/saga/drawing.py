"""Draws a schedule: what happens next, among what can; some mishaps must come, at some time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random
from typing import Final

from explorer.saga.bus import Lane
from explorer.saga.people import People
from explorer.saga.steps import (
    Call,
    Crash,
    Customer,
    Expire,
    Hear,
    Lose,
    Repeat,
    Step,
    Take,
    Tell,
)
from explorer.saga.world import CALLING, World

LONGEST: Final = 250
"""Steps that are drawn at most; what is left then gets on in turn."""


def schedule(seed: int, world: World) -> Iterator[Step]:
    """Draw step after step, always the same from one seed. The world is to take each at once."""
    dice = Dice(Random(seed), world)
    yield from dice.people.supply()
    for _ in range(LONGEST):
        step = dice.draw()
        if step is None:
            return
        yield step


class Dice:
    """Draws by the mood of a schedule: some are full of crashes, some of customers who cancel."""

    def __init__(self, random: Random, world: World) -> None:
        self.people = People(random, world.logs["orders"])
        self._random = random
        self._world = world
        self._weights = [*accumulate(random.choice(mood) for mood in _MOODS)]
        mixed = random.sample(_QUIET, len(_QUIET))
        self._quiet = (*random.choice((_QUIET, mixed)), Dice.expire)
        """Where nothing else is left, time passes."""
        self._slow = random.choice((None, "orders", *world.logs))
        self._musts = {must: random.randint(5, 60) for must in _MUSTS}
        self._steps = 0
        self._coming = 0

    def draw(self) -> Step | None:
        """Choose what happens next. Customers come until all has happened that must."""
        self._steps += 1
        if step := self._must():
            return step
        if self._coming:
            self._coming -= 1
            return self.people.place()
        (kind,) = self._random.choices(_KINDS, cum_weights=self._weights)
        step = kind(self) or next((step for quiet in self._quiet if (step := quiet(self))), None)
        return step or self._crowd()

    def _crowd(self) -> Step | None:
        """Let two customers come at once, one of whom can overtake the other."""
        self._coming = 1
        return self.people.place() if self._musts else None

    def _must(self) -> Step | None:
        for must, due in self._musts.items():
            if due <= self._steps and (step := must(self)):
                del self._musts[must]
                return step
        return None

    def person(self) -> Step | None:
        """Let somebody want something."""
        return self.people.want()

    def dispatch(self) -> Step | None:
        """Let staff ship or deliver what waits for it."""
        return self.people.dispatch()

    def cancel(self) -> Step | None:
        """Let somebody cancel an order."""
        return self.people.cancel()

    def hear(self) -> Step | None:
        """Let somebody hear the next message of a stream; who is slow seldom does."""
        step = self.hear_all()
        hurried = step and (step.context != self._slow or self._random.random() < 0.2)
        return step if hurried else None

    def hear_all(self) -> Hear | None:
        """Let anybody hear the next message of a stream."""
        lanes = [*self._world.bus.lanes]
        return self._next(self._random.choice(lanes)) if lanes else None

    def _next(self, lane: Lane, *, dies: bool = False) -> Hear:
        return Hear(*lane, self._world.bus.lanes[lane][0][1].type, dies=dies)

    def die(self) -> Step | None:
        """Let somebody hear a message and die."""
        lanes = [*self._world.bus.lanes]
        return self._next(self._random.choice(lanes), dies=True) if lanes else None

    def swap(self) -> Step | None:
        """Let somebody hear a message before one that was sent earlier, of another stream."""
        lanes = self._world.bus.lanes
        for context, stream in lanes:
            for other, later in lanes:
                if other == context and lanes[other, later][0] > lanes[context, stream][0]:
                    return self._next((other, later))
        return None

    def overtake(self) -> Step | None:
        """Let somebody hear a message, or a copy of it, before one of the same stream."""
        lanes = self._world.bus.lanes.items()
        early = [(lane, waiting[-1][1].type) for lane, waiting in lanes if len(waiting) > 1]
        if not early:
            return None
        lane, event = self._random.choice(early)
        if self._random.random() < 0.5:
            return Repeat(*lane, event)
        return Hear(*lane, event, early=True)

    def repeat(self) -> Step | None:
        """Let somebody hear a copy of what was sent."""
        sent = [*self._world.bus.sent]
        return Repeat(*self._random.choice(sent)) if sent else None

    def call(self) -> Step | None:
        """Let somebody get on with a call."""
        calls = [*self._world.calls()]
        if not calls:
            return None
        context, stream = self._random.choice(calls)
        return Call(context, stream, self._random.choice(_STAGES[context]))

    def lose(self) -> Step | None:
        """Let the answer to a call be lost."""
        begun = [call for call in self._world.calls() if self._world.next_call(*call).attempts]
        return Call(*self._random.choice(begun), to="lost") if begun else None

    def tell(self) -> Step | None:
        """Let a webhook come, or not."""
        waiting = [*self._world.outside.webhooks]
        if not waiting:
            return None
        webhook, fate = self._random.choice(waiting), self._random.random()
        return Lose(*webhook) if fate < 0.2 else Tell(*webhook, first=fate < 0.45)

    def customer(self) -> Step | None:
        """Let a customer answer the bank."""
        does = self._random.choice(_ANSWERS)
        able = [number for number in self.people.placed if self._world.may(number, does)]
        return Customer(self._random.choice(able), does) if able else None

    def crash(self) -> Step:
        """Let a context die, with all that it was about."""
        return Crash(self._random.choice(CALLING))

    def take(self) -> Step | None:
        """Let a deadline be found due."""
        timers = [*self._world.timers]
        return Take(self._random.choice(timers)) if timers else None

    def expire(self) -> Step | None:
        """Let a deadline be told."""
        timers = [*self._world.taken, *self._world.timers]
        return Expire(self._random.choice(timers)) if timers else None


_KINDS: Final[tuple[Callable[[Dice], Step | None], ...]] = (
    Dice.hear,
    Dice.call,
    Dice.person,
    Dice.tell,
    Dice.customer,
    Dice.dispatch,
    Dice.repeat,
    Dice.overtake,
    Dice.die,
    Dice.crash,
    Dice.take,
    Dice.expire,
    Dice.lose,
)
_MOODS: Final = (
    (10, 25, 60),
    (10, 20, 40),
    (6, 12),
    (2, 8, 20),
    (2, 8, 20),
    (2, 4, 12),
    (1, 3, 10),
    (1, 3, 10),
    (0, 2, 6),
    (0, 1),
    (0, 1, 3),
    (0, 0, 1, 3),
    (0, 1, 3),
)
"""How often a schedule draws each kind: one of these."""

_QUIET: Final[tuple[Callable[[Dice], Step | None], ...]] = (
    Dice.call,
    Dice.person,
    Dice.tell,
    Dice.customer,
    Dice.hear_all,
    Dice.dispatch,
)
"""What comes in place of what cannot come, in this order or another."""

_MUSTS: Final = (Dice.repeat, Dice.swap, Dice.die, Dice.cancel, Dice.expire)
"""What comes in every schedule."""

_ANSWERS: Final = ("approves", "approves", "approves", "refuses", "refuses", "gives up")
"""What becomes of a payment that waits for its customer."""

_STAGES: Final = {
    "payments": ("settled", "settled", "begun", "made", "made", "refused"),
    "notifications": ("settled", "settled", "settled", "made"),
}
"""How far a call gets."""
