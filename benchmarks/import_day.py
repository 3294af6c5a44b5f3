"""A day of 3,000 lines, imported into a whole shop: `.venv/bin/python -m benchmarks.import_day`.

Each round imports a day of its own, of 150 invoices with 20 lines each over 1,000 products, and
then the same day once more: nothing is left to do but to read the files, to send all requests and
to find their keys.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import online_retail
from benchmarks.alone import alone
from benchmarks.figures import MICROSECONDS, Figure, figure
from benchmarks.running import processor_seconds, running
from running_shop import RunningShop

ROUNDS, QUICK_ROUNDS = 5, 1
INVOICES, LINES, PRODUCTS = 150, 20, 1_000
SOON: Final = 20
"""Seconds in which a day of 3,000 lines is to be imported on 2 cores."""


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure a day, the same day again, and what a line costs each process."""
    with running() as shop:
        return await asyncio.to_thread(measure_in, shop, QUICK_ROUNDS if quick else ROUNDS)


def measure_in(shop: RunningShop, rounds: int) -> list[Figure]:
    """Measure so many days in a shop that runs already."""
    with TemporaryDirectory() as place:
        return _measure(shop, Path(place) / "day.csv", rounds)


def _measure(shop: RunningShop, file: Path, rounds: int) -> list[Figure]:
    numbers = count()
    first: list[float] = []
    again: list[float] = []
    before = processor_seconds(shop)
    for _ in range(rounds):
        online_retail.write(file, *_day(next(numbers)))
        first.append(_import(shop, file))
        again.append(_import(shop, file))
    lines = rounds * INVOICES * LINES
    used = processor_seconds(shop)
    cost = {name: MICROSECONDS * (used[name] - before.get(name, 0.0)) / lines for name in used}
    return [
        figure("import", "a day of 3,000 lines", first, "s", must=SOON, ceiling=True, cpu=cost),
        figure("import", "the same day again", again, "s"),
        figure("import", "lines", [INVOICES * LINES / each for each in first], "/s"),
        figure("import", "invoices", [INVOICES / each for each in first], "/s"),
    ]


def _import(shop: RunningShop, file: Path) -> float:
    began = perf_counter()
    shop.ecommerce("import", "online-retail", str(file), "--json")
    return perf_counter() - began


def _day(number: int) -> Iterator[str]:
    chance = random.Random(number)  # noqa: S311 - the same days each time, no secret
    nine = datetime(2011, 3, 1, 9, tzinfo=UTC) + timedelta(days=number)
    for invoice in range(INVOICES):
        head = f"{800_000 + number * INVOICES + invoice}"
        time = f"{nine + timedelta(minutes=invoice):%Y-%m-%d %H:%M:%S}"
        for _ in range(LINES):
            product, price = chance.randrange(PRODUCTS), chance.randint(42, 895) / 100
            thing = f"B{product},THING {product},{chance.randint(1, 12)}"
            yield f"{head},{thing},{time},{price},17850.0,France"


if __name__ == "__main__":
    alone(measure)
