"""How many schedules of the saga are explored: `.venv/bin/python -m benchmarks.saga`."""

from __future__ import annotations

from typing import Final

from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.processors import this_process
from benchmarks.rounds import Turn, clocked, costs
from explorer.saga.exploring import explore

SCHEDULES: Final = 300
"""How many a round tries."""
AIM: Final = 10_000
"""Schedules a minute."""


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure how many schedules a minute one process tries."""
    turns = [await _explore(number) for number in range(5 if quick else 25)]
    rates = [60 * turn.rate for turn in turns]
    cpu = costs(turns)
    return [figure("", "schedules of the saga explored", rates, "a minute", aim=AIM, cpu=cpu)]


async def _explore(number: int) -> Turn:
    async def work() -> None:
        first = number * SCHEDULES
        failure = explore(range(first, first + SCHEDULES)).failure
        if failure:
            raise AssertionError(str(failure))

    return await clocked(SCHEDULES, work(), {"explorer": this_process})


if __name__ == "__main__":
    alone(measure)
