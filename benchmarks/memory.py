"""(i) The memory of each service while orders come: part of `benchmarks.whole`.

It must not grow with the orders: the second half may add only a little to what the first half came
to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.figures import Figure, figure
from benchmarks.running import called
from ecommerce.contexts import CONTEXTS
from running_shop import RunningShop

SERVICES: Final = (*CONTEXTS, "gateway")


def taken(shop: RunningShop) -> dict[str, float]:
    """Give the resident memory of each service's process, in MiB; the largest where several."""
    found = dict.fromkeys(SERVICES, 0.0)
    for process in shop.processes():
        if (name := called(process)) in found:
            found[name] = max(found[name], process.memory_info().rss / 2**20)
    return found


def figures(first: Mapping[str, float], second: Mapping[str, float], orders: int) -> list[Figure]:
    """Say what the largest service has after so many orders, and what the second half added."""
    largest = max(SERVICES, key=second.__getitem__)
    what = f"memory after {orders:,} orders, largest service: {largest}"
    grown = max(second[name] - first[name] for name in SERVICES)
    return [
        figure("i", what, [second[largest]], "MiB", must=120, aim=90, ceiling=True),
        figure("i", f"what the last {orders // 2:,} added", [grown], "MiB", must=5, ceiling=True),
    ]
