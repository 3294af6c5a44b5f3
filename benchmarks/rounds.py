"""Rounds in which what is compared takes turns, so that a slow minute meets all alike."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Mapping
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

from ecommerce.kernel import Value

WARM_UP = 2
"""Rounds that do not count: caches fill, statements are prepared."""


class Timed(Value, frozen=True):
    """What some work took in each round, in seconds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of all rounds."""
        return median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """Between which two the middle half of the rounds lies."""
        first, _, third = quantiles(self.seconds, n=4)
        return first, third


async def take_turns(
    rounds: int, works: Mapping[str, Callable[[], Awaitable[float]]]
) -> list[Timed]:
    """Do each work once in each round; a work says how many seconds count."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(WARM_UP + rounds):
        for name, work in works.items():
            gc.collect()
            seconds[name].append(await work())
    return [Timed(name, tuple(taken[WARM_UP:])) for name, taken in seconds.items()]


def show(title: str, timed: list[Timed], limit: str) -> None:
    """Print what each took, and how often the work of the name `limit` fits into it."""
    table = Table(title=title, title_justify="left")
    for column in ("what", "median", "middle half", f"times '{limit}'"):
        table.add_column(column, justify="left" if column == "what" else "right")
    least = next(each.median for each in timed if each.name == limit)
    for each in timed:
        low, high = (f"{1000 * seconds:.1f}" for seconds in each.spread)
        times = f"{each.median / least:.1f}"
        table.add_row(each.name, f"{1000 * each.median:.1f} ms", f"{low} to {high} ms", times)
    Console(width=110).print(table)
