"""(i) Memory after an hour: `make bench-soak`.

Orders come evenly for so many seconds; each minute tells what every service holds. Ctrl-C ends it
early, with what was measured until then.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import cycle
from time import monotonic
from typing import Final, TypeAlias

import uvloop
from rich.console import Console

from benchmarks import memory
from benchmarks.figures import Figure, figure, show
from benchmarks.running import Opened, opened, order

RATE: Final = 5
"""Orders a second: 18,000 in an hour, about 200,000 events."""
MINUTE: Final = 60.0

Taken: TypeAlias = tuple[float, dict[str, float]]
"""After how many minutes, and what each service holds, in MiB."""

_console: Final = Console(stderr=True)


async def soak(seconds: float) -> list[Figure]:
    """Place orders for so long, and say what the last half of the time added."""
    async with opened() as place:
        placing = asyncio.create_task(_place(place))
        taken: list[Taken] = []
        try:
            await _watch(place, seconds, taken, placing)
        except asyncio.CancelledError:
            _console.print("ended early")
        finally:
            placing.cancel()
            await asyncio.gather(placing, return_exceptions=True)
    return _figures(taken)


async def _place(place: Opened) -> None:
    began = monotonic()
    for number, sku in enumerate(cycle(place.skus), start=1):
        await order(place.http, [sku])
        await asyncio.sleep(max(0.0, began + number / RATE - monotonic()))


async def _watch(
    place: Opened, seconds: float, taken: list[Taken], placing: asyncio.Task[None]
) -> None:
    """Note each minute what the services hold; end at once where orders cannot be placed."""
    began = monotonic()
    while (passed := monotonic() - began) < seconds:
        await asyncio.wait([placing], timeout=min(MINUTE, seconds - passed))
        if placing.done():
            placing.result()
        minutes = (monotonic() - began) / MINUTE
        taken.append((minutes, memory.taken(place.shop)))
        held = ", ".join(f"{name} {mib:.0f}" for name, mib in taken[-1][1].items())
        _console.print(f"{minutes:.0f} min, MiB: {held}", soft_wrap=True)


def _figures(taken: list[Taken]) -> list[Figure]:
    if not taken:
        return []
    (_, half), (minutes, end) = taken[(len(taken) - 1) // 2], taken[-1]
    largest = max(end, key=end.__getitem__)
    what = f"memory after {minutes:.1f} minutes at {RATE} orders/s: {largest}"
    found = [figure("i", what, [end[largest]], "MiB", must=120, aim=90, ceiling=True)]
    if len(taken) > 1:
        grown = max(end[name] - half[name] for name in end)
        added = "what the second half of them added"
        found.append(figure("i", added, [grown], "MiB", must=5, ceiling=True))
    return found


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        show(runner.run(soak(float(sys.argv[1]))))
