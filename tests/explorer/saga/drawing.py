"""Draws a schedule: what happens next, among what can; some mishaps must come, at some time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Final

from explorer.saga import moves
from explorer.saga.moves import Dice, Move
from explorer.saga.steps import Step
from explorer.saga.world import World

LONGEST: Final = 250
"""Steps that are drawn at most; what is left then gets on in turn."""

_MOODS: Final[dict[Move, tuple[int, ...]]] = {
    moves.hear: (10, 25, 60),
    moves.call: (10, 20, 40),
    moves.person: (6, 12),
    moves.tell: (2, 8, 20),
    moves.customer: (2, 8, 20),
    moves.dispatch: (2, 4, 12),
    moves.repeat: (1, 3, 10),
    moves.overtake: (1, 3, 10),
    moves.die: (0, 2, 6),
    moves.crash: (0, 1),
    moves.take: (0, 1, 3),
    moves.expire: (0, 0, 1, 3),
    moves.lose: (0, 1, 3),
}
"""How often a schedule draws each kind of step: one of these."""

_KINDS: Final = (*_MOODS,)

_QUIET: Final = (
    moves.call,
    moves.person,
    moves.tell,
    moves.customer,
    moves.hear_all,
    moves.dispatch,
)
"""What comes in place of what cannot come, in this order or another."""

_MUSTS: Final = (moves.repeat, moves.swap, moves.die, moves.cancel, moves.expire)
"""What comes in every schedule."""


def schedule(seed: int, world: World) -> Iterator[Step]:
    """Draw step after step, always the same from one seed. The world is to take each at once."""
    draw = Draw(Dice(Random(seed), world))
    yield from draw.dice.people.supply()
    for _ in range(LONGEST):
        step = draw.step()
        if step is None:
            return
        yield step


class Draw:
    """Draws by the mood of a schedule: some are full of crashes, some of customers who cancel."""

    def __init__(self, dice: Dice) -> None:
        random = dice.random
        self.dice = dice
        self._weights = [*accumulate(random.choice(mood) for mood in _MOODS.values())]
        mixed = random.sample(_QUIET, len(_QUIET))
        # Where nothing else is left, time passes.
        self._quiet = (*random.choice((_QUIET, mixed)), moves.expire)
        self._musts = {must: random.randint(5, 60) for must in _MUSTS}
        self._steps = 0
        self._coming = 0

    def step(self) -> Step | None:
        """Choose what happens next. Customers come until all has happened that must."""
        self._steps += 1
        return self._must() or self._come() or self._any() or self._crowd()

    def _must(self) -> Step | None:
        for must, due in self._musts.items():
            if due <= self._steps and (step := must(self.dice)):
                del self._musts[must]
                return step
        return None

    def _come(self) -> Step | None:
        if self._coming == 0:
            return None
        self._coming -= 1
        return self.dice.people.place()

    def _any(self) -> Step | None:
        (move,) = self.dice.random.choices(_KINDS, cum_weights=self._weights)
        quiet = (step for move in self._quiet if (step := move(self.dice)))
        return move(self.dice) or next(quiet, None)

    def _crowd(self) -> Step | None:
        """Let two customers come at once, one of whom can overtake the other."""
        self._coming = 2 if self._musts else 0
        return self._come()
