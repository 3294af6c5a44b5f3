"""(f to i, import) All that needs a whole shop, in one: `.venv/bin/python -m benchmarks.shop`."""

from __future__ import annotations

import asyncio

from benchmarks import import_day, latency, reads, whole
from benchmarks.alone import alone
from benchmarks.figures import Figure
from benchmarks.running import opened


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure latency, reads, orders and memory, and an import, one after another."""
    days = import_day.QUICK_ROUNDS if quick else import_day.ROUNDS
    async with opened() as place:
        return [
            *await latency.measure_in(place, latency.QUICK_SECONDS if quick else latency.SECONDS),
            *await reads.measure_in(place, *(reads.QUICK if quick else reads.SURE)),
            *await whole.measure_in(place, *(whole.QUICK if quick else whole.SURE)),
            *await asyncio.to_thread(import_day.measure_in, place.shop, days),
        ]


if __name__ == "__main__":
    alone(measure)
