"""(b) One SKU that everybody wants: `.venv/bin/python -m benchmarks.hot_sku`.

256 callers of inventory's command loop reserve a unit of the same SKU, each for an order of its
own. Every reservation reads and writes the SKU's stream and one of its own, under its own key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import servers
import writing
from benchmarks.alone import alone
from benchmarks.callers import submit_all
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.rounds import Turn, clocked, costs, interleave
from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import ReceiveStock, ReserveStock
from ecommerce.api.ids import uuid7
from ecommerce.events.inventory import ReservedUnits
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import pool
from ecommerce.store.unit import Unit

CALLERS: Final = 256
SKU: Final = "KETTLE"
PLENTY: Final = 100_000

_WORK: Final = "reservations"


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure how many reservations are recorded in a second."""
    units, rounds = (5_120, 5) if quick else (20_480, 9)
    with servers.postgres() as admin, writing.database(admin) as url:
        meters = {"client": this_process, "PostgreSQL": server(admin)}
        async with looping(url) as loop:
            works = {_WORK: lambda: reserve(loop, units, meters)}
            turns = (await interleave(rounds, works))[_WORK]
    rates = [turn.rate for turn in turns]
    return [
        figure("b", "reservations of one SKU", rates, "/s", must=5_000, aim=8_000, cpu=costs(turns))
    ]


@asynccontextmanager
async def looping(url: str) -> AsyncIterator[CommandLoop]:
    """Run inventory's command loop, as its service does."""
    async with (
        pool(url, size=1) as opened,
        writing.looping(url, inventory, pool=opened) as loop,
    ):
        yield loop


async def reserve(loop: CommandLoop, units: int, meters: Meters) -> Turn:
    """Have a unit of the SKU reserved for so many new orders; there is always enough."""
    for _ in range(-(-units // PLENTY)):
        await loop.submit(writing.unit(ReceiveStock(SKU, PLENTY)))
    made = [_unit() for _ in range(units)]
    return await clocked(units, submit_all(made, CALLERS, loop.submit), meters)


def _unit() -> Unit:
    order = str(uuid7())
    wanted = (ReservedUnits(SKU, 1),)
    return writing.unit(ReserveStock(order, wanted), f"msg:orders:order-{order}@1")


if __name__ == "__main__":
    alone(measure)
