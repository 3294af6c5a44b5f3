"""(g) From placed to confirmed at 20 orders a second: `.venv/bin/python -m benchmarks.latency`.

Orders come evenly, whatever becomes of those before. The time is what the log of orders says: from
the recording of `OrderCreated` to that of `OrderConfirmed`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from statistics import quantiles
from typing import Any, Final

from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.running import Left, Opened, opened, order

RATE: Final = 20
SECONDS, QUICK_SECONDS = 60, 10
WARM_UP: Final = 5
"""Seconds that do not count."""

_WHAT: Final = f"placed to confirmed at {RATE} orders/s"


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure how long orders take while the shop has time."""
    async with opened() as place:
        return await measure_in(place, QUICK_SECONDS if quick else SECONDS)


async def measure_in(place: Opened, seconds: int) -> list[Figure]:
    """Measure it for so many seconds in a shop that runs already."""
    shop, skus, left = place.shop, place.skus, Left(place.shop)
    first = sum(1 for each in shop.log("orders") if each["type"] == "OrderCreated")
    count = RATE * (WARM_UP + seconds)
    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(order(place.http, [skus[number % len(skus)]])))
        await asyncio.sleep(1 / RATE)
    await asyncio.gather(*tasks)
    await left.wait(count, 2 * count)
    took = _took(shop.log("orders"))[first + RATE * WARM_UP :]
    percent = quantiles(took, n=100)
    half, most = percent[49], percent[98]
    return [
        figure("g", f"{_WHAT}, half", [half], "ms", must=100, aim=60, ceiling=True),
        figure("g", f"{_WHAT}, 99 in 100", [most], "ms", must=250, aim=150, ceiling=True),
    ]


def _took(log: list[dict[str, Any]]) -> list[float]:
    """Say how many milliseconds each order took that was confirmed, in the order of placing."""
    placed = {each["subject"]: _time(each) for each in log if each["type"] == "OrderCreated"}
    done = {each["subject"]: _time(each) for each in log if each["type"] == "OrderConfirmed"}
    return [1000 * (done[name] - at).total_seconds() for name, at in placed.items() if name in done]


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


if __name__ == "__main__":
    alone(measure)
