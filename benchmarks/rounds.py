"""Rounds in which what is compared takes turns, so that a slow minute meets all alike."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks.figures import MICROSECONDS, middle_half
from benchmarks.processors import Meters
from ecommerce.kernel import Value

T = TypeVar("T")

WARM_UP = 2
"""Rounds that do not count: caches fill, statements are prepared."""


class Turn(Value, frozen=True):
    """What some work came to in one round: so many items, in seconds.

    `used` is the processor time of each process, in seconds.
    """

    items: int
    seconds: float
    used: Mapping[str, float] = {}

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds

    @property
    def cost(self) -> dict[str, float]:
        """What an item cost each process, in microseconds of processor time."""
        return {name: MICROSECONDS * used / self.items for name, used in self.used.items()}


async def clocked(items: int, work: Awaitable[object], meters: Meters) -> Turn:
    """Do a work of so many items, and say what it took."""
    before = {name: read() for name, read in meters.items()}
    began = perf_counter()
    await work
    seconds = perf_counter() - began
    return Turn(items, seconds, {name: read() - before[name] for name, read in meters.items()})


def costs(turns: Sequence[Turn]) -> dict[str, float]:
    """Say what an item cost each process, as the median of all rounds, in microseconds."""
    return {name: median(turn.cost[name] for turn in turns) for name in turns[0].used}


def total(turn: Turn) -> float:
    """Add up what an item cost all processes, in microseconds."""
    return sum(turn.cost.values())


async def interleave(
    rounds: int, works: Mapping[str, Callable[[], Awaitable[T]]], warm_up: int = WARM_UP
) -> dict[str, list[T]]:
    """Do each work once in each round, and say what came of it in the rounds that count."""
    outcomes: dict[str, list[T]] = {name: [] for name in works}
    for _ in range(warm_up + rounds):
        for name, work in works.items():
            gc.collect()
            outcomes[name].append(await work())
    return {name: found[warm_up:] for name, found in outcomes.items()}


class Timed(Value, frozen=True):
    """What some work took in each round, in seconds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of all rounds."""
        return median(self.seconds)


async def take_turns(
    rounds: int, works: Mapping[str, Callable[[], Awaitable[float]]]
) -> list[Timed]:
    """Do each work once in each round; a work says how many seconds count."""
    found = await interleave(rounds, works)
    return [Timed(name, tuple(seconds)) for name, seconds in found.items()]


def show(title: str, timed: list[Timed], limit: str) -> None:
    """Print what each took, and how often the work of the name `limit` fits into it."""
    table = Table(title=title, title_justify="left")
    for column in ("what", "median", "middle half", f"times '{limit}'"):
        table.add_column(column, justify="left" if column == "what" else "right")
    least = next(each.median for each in timed if each.name == limit)
    for each in timed:
        low, high = (f"{1000 * seconds:.1f}" for seconds in middle_half(each.seconds))
        times = f"{each.median / least:.1f}"
        table.add_row(each.name, f"{1000 * each.median:.1f} ms", f"{low} to {high} ms", times)
    Console(width=110).print(table)
