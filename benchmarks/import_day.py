"""A day of 3,000 lines, imported into a whole shop: `.venv/bin/python -m benchmarks.import_day`.

Each round imports a day of its own, of 150 invoices with 20 lines each over 1,000 products. The
limit is the same day once more: nothing is left to do but to read the files, to send all requests
and to find their keys.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil
from rich.console import Console

import online_retail
import servers
from benchmarks.rounds import WARM_UP, show, take_turns
from ecommerce.sandbox import ports
from running_shop import RunningShop

ROUNDS: Final = 3
INVOICES, LINES, PRODUCTS = 150, 20, 1_000
FIRST: Final = "a day's import"
AGAIN: Final = "the same day again"


async def main(rounds: int) -> None:
    """Measure, and print what came out."""
    with servers.folder() as place:
        shop = RunningShop(place / "run")
        base = ports.choose_base(24_000, range(90))
        shop.ecommerce("up", "--detach", "--port-base", str(base))
        try:
            await _measure(shop, place, rounds)
        finally:
            shop.ecommerce("down")


async def _measure(shop: RunningShop, place: Path, rounds: int) -> None:
    numbers = count()
    file = place / "day.csv"
    used: list[float] = []

    async def first() -> float:
        online_retail.write(file, *_day(next(numbers)))
        before = _processor_seconds(shop)
        seconds = _import(shop, file)
        used.append(_processor_seconds(shop) - before)
        return seconds

    async def again() -> float:
        return _import(shop, file)

    timed = await take_turns(rounds, {FIRST: first, AGAIN: again})
    show(f"A day of {INVOICES * LINES:,} lines", timed, AGAIN)
    seconds = next(each.median for each in timed if each.name == FIRST)
    processors = sum(used[WARM_UP:]) / rounds
    Console(width=110).print(
        f"{INVOICES * LINES / seconds:,.0f} lines/s, {INVOICES / seconds:,.1f} invoices/s;"
        f" the shop's processes took {processors:,.1f} s of processor time for a day."
    )


def _import(shop: RunningShop, file: Path) -> float:
    began = perf_counter()
    shop.ecommerce("import", "online-retail", str(file), "--json")
    return perf_counter() - began


def _processor_seconds(shop: RunningShop) -> float:
    return sum(map(_used_by, shop.processes()))


def _used_by(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


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
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
