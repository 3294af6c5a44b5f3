"""Explores the saga for MINUTES: `make explore MINUTES=30`; or tries one SEED again."""

from __future__ import annotations

import random
import sys
import time
from contextlib import suppress

from explorer.saga.drawing import schedule
from explorer.saga.exploring import Explored, attempt, explore
from explorer.saga.pairs import EVERYTHING, UNREACHABLE, missing
from explorer.saga.timeline import timeline
from explorer.saga.world import World

AT_ONCE = 500
"""Schedules between two looks at the clock."""


def main(minutes: float) -> int:
    """Explore until something fails, the time is over or somebody presses Ctrl-C."""
    explored, began = Explored(), time.monotonic()
    with suppress(KeyboardInterrupt):
        _explore_for(minutes * 60, explored, began)
    print(f"\r{_progress(explored, began)}")  # noqa: T201 - what it is run for
    if explored.failure:
        print(f"{explored.failure}\nmake explore SEED={explored.failure.seed}")  # noqa: T201 - the same
        return 1
    for state, came in sorted(missing(explored.reached)):
        print(f"never met: {state} and {came}")  # noqa: T201 - the same
    print("none fails")  # noqa: T201 - the same
    return 0


def again(seed: int) -> int:
    """Tell the whole schedule of one seed, or where it fails, the shortest way there."""
    world = World()
    if attempt(world, schedule(seed, world)) is None:
        print(f"{timeline(world)}\nit does not fail")  # noqa: T201 - the same
        return 0
    print(explore([seed]).failure)  # noqa: T201 - the same
    return 1


def _explore_for(seconds: float, explored: Explored, began: float) -> None:
    first = random.randrange(2**32) * 1_000_000
    while not explored.failure and time.monotonic() - began < seconds:
        start = first + explored.schedules
        explore(range(start, start + AT_ONCE), explored)
        print(f"\r{_progress(explored, began)}", end="", flush=True)  # noqa: T201 - the same


def _progress(explored: Explored, began: float) -> str:
    seconds = time.monotonic() - began
    met, pairs = len(explored.reached), len(EVERYTHING) - len(UNREACHABLE)
    rate = explored.schedules / seconds * 60
    return (
        f"{seconds / 60:.1f} min: {explored.schedules:,} schedules, {rate:,.0f} a minute,"
        f" {met} of {pairs} pairs met"
    )


if __name__ == "__main__":
    given = sys.argv[2:]
    sys.exit(again(int(given[0])) if given else main(float(sys.argv[1])))
