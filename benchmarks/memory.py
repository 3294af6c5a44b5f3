"""(i) The memory of each service, after 10,000 orders: `.venv/bin/python -m benchmarks.memory`.

It must not grow with the orders: the second half may add only a little to what the first half came
to. `--quick` takes 600 orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import Final

from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.running import memory, running, session, stock_up
from benchmarks.whole import buy
from ecommerce.contexts import CONTEXTS

ORDERS, QUICK_ORDERS = 10_000, 600
SERVICES: Final = (*CONTEXTS, "gateway")


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure the largest service, and how much the orders of the second half add to it."""
    half = (QUICK_ORDERS if quick else ORDERS) // 2
    with running() as shop:
        async with session(shop) as http:
            skus = await stock_up(http)
            found = []
            for _ in range(2):
                await buy(shop, http, islice(_baskets(skus), half))
                found.append(memory(shop))
    first, second = found
    largest = max(SERVICES, key=second.__getitem__)
    grown = max(second[name] - first[name] for name in SERVICES)
    return [
        figure(
            "i",
            f"memory after {2 * half:,} orders, largest service: {largest}",
            [second[largest]],
            "MiB",
            must=120,
            aim=90,
            ceiling=True,
        ),
        figure(
            "i",
            f"what the last {half:,} added",
            [grown],
            "MiB",
            must=5,
            ceiling=True,
        ),
    ]


def _baskets(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    return ([sku] for sku in cycle(skus))


if __name__ == "__main__":
    alone(measure)
