"""(f, i) Orders through the whole shop: `.venv/bin/python -m benchmarks.whole`.

All services are processes of this machine, as `ecommerce up` starts them, and the load generator
is one more. An order counts once it is confirmed, its mails lie in the mailbox, all read models
and audit have read it, and no queue holds anything; the time runs from the first request to that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import fmean
from time import perf_counter
from typing import Final

from benchmarks import memory
from benchmarks.alone import alone
from benchmarks.figures import MICROSECONDS, Figure, figure
from benchmarks.running import Left, Opened, opened, order, processor_seconds
from ecommerce.kernel import Value

BUYERS: Final = 32
SURE, QUICK = (10_000, 1_200), (800, 100)
"""Orders of one line, and with the baskets of Online Retail."""
WARM_UP: Final = 100
BASKETS: Final = (1, 2, 5, 9, 14, 18, 22, 27, 33, 48)
"""Lines of an order, as the tenths of the invoices in Online Retail have them."""


class Done(Value, frozen=True):
    """Orders that are done, the seconds that it took, and what each cost, by process."""

    orders: int
    seconds: float
    cost: dict[str, float]
    """Seconds of processor time."""


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure orders of one line, and baskets as a real shop has them."""
    async with opened() as place:
        return await measure_in(place, *(QUICK if quick else SURE))


async def measure_in(place: Opened, count: int, mixed: int) -> list[Figure]:
    """Measure so many of them in a shop that runs already, and what memory they take."""
    await buy(place, islice(one_line(place.skus), WARM_UP))
    halves, taken = [], []
    for _ in range(2):
        halves.append(await buy(place, islice(one_line(place.skus), count // 2)))
        taken.append(memory.taken(place.shop))
    baskets = await buy(place, islice(_baskets(place.skus), mixed))
    return [
        *_figures("orders of one line", halves, must=(70, 20_000), aim=(110, 14_000)),
        *_figures("orders with the baskets of Online Retail", [baskets]),
        *memory.figures(taken[0], taken[1], count),
        _grown(halves[0], halves[1], count),
    ]


def one_line(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give baskets of one SKU each, without end."""
    while True:
        yield from ([sku] for sku in skus)


def _baskets(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    while True:
        for start in range(len(skus)):
            lines = BASKETS[start % len(BASKETS)]
            yield [skus[(start + number) % len(skus)] for number in range(lines)]


async def buy(place: Opened, baskets: Iterator[Sequence[str]]) -> Done:
    """Have the buyers order these baskets between them, and wait until all is done."""
    shop = place.shop
    left, before, began = Left(shop), processor_seconds(shop), perf_counter()
    placed = 0

    async def buyer() -> None:
        nonlocal placed
        for skus in baskets:
            await order(place.http, skus)
            placed += 1

    await asyncio.gather(*(buyer() for _ in range(BUYERS)))
    await left.wait(placed, 2 * placed)
    seconds = perf_counter() - began
    after = processor_seconds(shop)
    spent = {name: used - before.get(name, 0.0) for name, used in after.items()}
    return Done(placed, seconds, {name: used / placed for name, used in spent.items()})


def cost(done: Done) -> float:
    """Say what an order cost all processes together, in microseconds of processor time."""
    return MICROSECONDS * sum(done.cost.values())


def _grown(first: Done, second: Done, orders: int) -> Figure:
    what = f"CPU of orders {orders // 2:,} to {orders:,}, against those before"
    return figure("j", what, [cost(second) / cost(first)], "x", must=1.3, aim=1, ceiling=True)


def _figures(
    what: str,
    rounds: Sequence[Done],
    must: tuple[float, float] | tuple[None, None] = (None, None),
    aim: tuple[float, float] | tuple[None, None] = (None, None),
) -> list[Figure]:
    totals = [cost(done) for done in rounds]
    cpu = {
        name: MICROSECONDS * fmean(done.cost[name] for done in rounds) for name in rounds[0].cost
    }
    rates = [done.orders / done.seconds for done in rounds]
    return [
        figure("f", what, rates, "/s", must=must[0], aim=aim[0]),
        figure(
            "f",
            f"CPU of {what}",
            totals,
            "µs",
            must=must[1],
            aim=aim[1],
            ceiling=True,
            cpu=cpu,
        ),
    ]


if __name__ == "__main__":
    alone(measure)
