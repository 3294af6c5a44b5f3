"""Tries schedules until one goes wrong, and tells the shortest way there as a timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from ecommerce.aggregates.orders import PlaceOrder
from ecommerce.events.orders import Customer
from explorer.saga import resting
from explorer.saga.drawing import schedule
from explorer.saga.log import Reached
from explorer.saga.outside import Wrong
from explorer.saga.steps import Ask, Step
from explorer.saga.timeline import timeline
from explorer.saga.world import REAL, Shop, World
from explorer.shrinking import shrink


class Failure:
    """A schedule that goes wrong, as short as it could be made, and how it goes."""

    def __init__(self, seed: int, steps: Sequence[Step], shop: Shop) -> None:
        world = World(shop)
        self.seed = seed
        self.steps = steps
        self.wrong = attempt(world, steps) or ""
        self.timeline = timeline(world)

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.wrong}\n{self.timeline}"


class Explored:
    """What some schedules came to: the failure of the last, and what all of them have met.

    `seen` counts the schedules that had a mishap of each kind, or three orders.
    """

    def __init__(self) -> None:
        self.failure: Failure | None = None
        self.schedules = 0
        self.reached: Reached = Counter()
        self.seen = Counter[str]()

    def add(self, world: World) -> None:
        """Count what one schedule has met."""
        self.schedules += 1
        self.reached.update(world.reached)
        self.seen.update(world.seen.keys())
        self.seen["three orders"] += len(resting.placed(world)) >= 3


def attempt(world: World, steps: Iterable[Step]) -> str | None:
    """Take these steps, let all get on until it is at rest, and say what went wrong."""
    try:
        for step in steps:
            world.do(step)
        world.rest()
        return resting.broken(world)
    except Wrong as wrong:
        return str(wrong)
    except Exception as error:  # noqa: BLE001 - no policy may be refused, and no decider fail
        return f"raised {error!r}"


def explore(seeds: Iterable[int], explored: Explored | None = None, shop: Shop = REAL) -> Explored:
    """Try a schedule for each seed until one fails, and add it up."""
    explored = explored or Explored()
    for seed in seeds:
        world, steps = World(shop), list[Step]()
        wrong = attempt(world, _noting(steps, schedule(seed, world)))
        explored.add(world)
        if wrong:
            explored.failure = shortest(seed, steps, shop)
            break
    return explored


def _noting(steps: list[Step], drawn: Iterator[Step]) -> Iterator[Step]:
    for step in drawn:
        steps.append(step)
        yield step


def shortest(seed: int, steps: Sequence[Step], shop: Shop) -> Failure:
    """Shorten a failing schedule, and the orders in it."""

    def fails(fewer: Sequence[Step]) -> bool:
        return attempt(World(shop), fewer) is not None

    steps = shrink(steps, fails)
    for at, step in enumerate(steps):
        for simpler in _simpler(step):
            easier = [*steps[:at], simpler, *steps[at + 1 :]]
            steps = easier if fails(easier) else steps
    return Failure(seed, shrink(steps, fails), shop)


def _simpler(step: Step) -> Iterator[Step]:
    """Give an order without mails, and with each of its lines alone."""
    if isinstance(step, Ask) and isinstance(step.command, PlaceOrder):
        for lines in (step.command.lines, *((line,) for line in step.command.lines)):
            yield replace(step, command=replace(step.command, customer=Customer(), lines=lines))
