"""(f) Orders through the whole shop: `.venv/bin/python -m benchmarks.whole`.

All services are processes of this machine, as `ecommerce up` starts them, and the load generator
is one more. An order counts once it is confirmed, its mails lie in the mailbox, all read models
and audit have read it, and no queue holds anything; the time runs from the first request to that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import Final

import aiohttp

from benchmarks.alone import alone
from benchmarks.figures import MICROSECONDS, Figure, figure
from benchmarks.running import Left, order, processor_seconds, running, session, stock_up
from ecommerce.kernel import Value
from running_shop import RunningShop

BUYERS: Final = 32
ORDERS, QUICK_ORDERS = 6_000, 600
MIXED, QUICK_MIXED = 1_200, 120
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
    with running() as shop:
        async with session(shop) as http:
            skus = await stock_up(http)
            await buy(shop, http, islice(_one_line(skus), WARM_UP))
            one = await buy(shop, http, islice(_one_line(skus), QUICK_ORDERS if quick else ORDERS))
            mixed = await buy(shop, http, islice(_baskets(skus), QUICK_MIXED if quick else MIXED))
    return [
        *_figures("orders of one line", one, must=(70, 20_000), aim=(110, 14_000)),
        *_figures("orders with the baskets of Online Retail", mixed),
    ]


def _one_line(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    while True:
        yield from ([sku] for sku in skus)


def _baskets(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    while True:
        for start in range(len(skus)):
            lines = BASKETS[start % len(BASKETS)]
            yield [skus[(start + number) % len(skus)] for number in range(lines)]


async def buy(
    shop: RunningShop, http: aiohttp.ClientSession, baskets: Iterator[Sequence[str]]
) -> Done:
    """Have the buyers order these baskets between them, and wait until all is done."""
    left, before, began = Left(shop), processor_seconds(shop), perf_counter()
    placed = 0

    async def buyer() -> None:
        nonlocal placed
        for skus in baskets:
            await order(http, skus)
            placed += 1

    await asyncio.gather(*(buyer() for _ in range(BUYERS)))
    await left.wait(placed, 2 * placed)
    seconds = perf_counter() - began
    after = processor_seconds(shop)
    spent = {name: used - before.get(name, 0.0) for name, used in after.items()}
    return Done(placed, seconds, {name: used / placed for name, used in spent.items()})


def _figures(
    what: str,
    done: Done,
    must: tuple[float, float] | tuple[None, None] = (None, None),
    aim: tuple[float, float] | tuple[None, None] = (None, None),
) -> list[Figure]:
    total = MICROSECONDS * sum(done.cost.values())
    cpu = {name: MICROSECONDS * seconds for name, seconds in done.cost.items()}
    return [
        figure("f", what, [done.orders / done.seconds], "/s", must=must[0], aim=aim[0]),
        figure(
            "f",
            f"CPU of {what}",
            [total],
            "µs",
            must=must[1],
            aim=aim[1],
            ceiling=True,
            cpu=cpu,
        ),
    ]


if __name__ == "__main__":
    alone(measure)
