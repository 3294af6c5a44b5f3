"""Tries schedules until one goes wrong, and says the shortest way there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from explorer import shrinking
from explorer.instance import Parts
from explorer.schedule import Step, make
from explorer.serial import Wrong, check
from explorer.world import World


class Failure:
    """A schedule that goes wrong, as short as it could be made."""

    def __init__(self, seed: int, steps: list[Step], wrong: str, trace: list[str]) -> None:
        self.seed = seed
        self.steps = steps
        self.wrong = wrong
        self.trace = trace

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}: {self.wrong}", *self.trace])


def attempt(parts: Parts, steps: Iterable[Step]) -> tuple[str | None, World]:
    """Follow a schedule and say what went wrong."""
    world = World(parts)
    try:
        wrong = world.follow(steps)
        if not wrong:
            check(parts, world.log, world.attempts)
    except Wrong as error:
        wrong = str(error)
    finally:
        world.end()
    return wrong, world


def explore(parts: Parts, seeds: Iterable[int]) -> tuple[Failure | None, int, Counter[str]]:
    """Try a schedule for each seed until one fails."""
    reached = Counter[str]()
    tried = 0
    for tried, seed in enumerate(seeds, 1):
        steps = make(seed, parts.commands)
        wrong, world = attempt(parts, steps)
        reached += world.reached
        if wrong:
            return shrink(parts, seed, steps), tried, reached
    return None, tried, reached


def shrink(parts: Parts, seed: int, steps: list[Step]) -> Failure:
    """Leave out what can be left out with the schedule still going wrong."""
    shortest = [*shrinking.shrink(steps, lambda fewer: bool(attempt(parts, fewer)[0]))]
    wrong, world = attempt(parts, shortest)
    return Failure(seed, shortest, wrong or "", world.trace)
