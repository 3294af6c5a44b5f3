"""(j) What an append and a reservation cost as the log grows: `python -m benchmarks.growth`.

The same work takes turns on logs that hold 10 thousand, 100 thousand and 1 million events when it
begins. The work itself has filled them, so tables, indexes and caches are as they would be.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from typing import Final, TypeAlias

import psycopg

import servers
import writing
from benchmarks import append, hot_sku
from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.rounds import Turn, costs, interleave, total
from ecommerce.kernel import Value
from ecommerce.store.command_loop import CommandLoop

SIZES: Final = (10_000, 100_000, 1_000_000)
QUICK: Final = (10_000, 50_000)
MOST: Final = 1.3
"""What an item may cost on a large log, in costs on the smallest."""
EVENTS: Final = 5_000
"""How many events a turn records."""

_CHUNK: Final = 20_000

_Work: TypeAlias = Callable[[CommandLoop, int, Meters], Awaitable[Turn]]


class Growing(Value, frozen=True):
    """Some work, the loop that does it, and how many events each item of it records."""

    what: str
    work: _Work
    looping: Callable[[str], AbstractAsyncContextManager[CommandLoop]]
    events: int


WORKS: Final = (
    Growing("append", append.append, writing.looping, len(append.SAID)),
    Growing("reservation", hot_sku.reserve, hot_sku.looping, 2),
)


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure what an item costs on each log, against the smallest."""
    sizes, rounds = (QUICK, 4) if quick else (SIZES, 9)
    with servers.postgres() as admin:
        return [each for growing in WORKS for each in await _measure(admin, growing, sizes, rounds)]


async def _measure(admin: str, growing: Growing, sizes: Iterable[int], rounds: int) -> list[Figure]:
    meters = {"client": this_process, "PostgreSQL": server(admin)}
    async with AsyncExitStack() as stack:
        loops = {}
        for size in sizes:
            url = stack.enter_context(writing.database(admin))
            loops[f"{size:,}"] = loop = await stack.enter_async_context(growing.looping(url))
            await _fill(url, loop, growing, size)
        units = EVENTS // growing.events
        works = {name: partial(growing.work, loop, units, meters) for name, loop in loops.items()}
        return _figures(growing.what, await interleave(rounds, works))


async def _fill(url: str, loop: CommandLoop, growing: Growing, size: int) -> None:
    for done in range(0, size, _CHUNK):
        await growing.work(loop, min(_CHUNK, size - done) // growing.events, {})
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        # What would come at any time by itself, and then be counted.
        await db.execute("vacuum analyze")
        await db.execute("checkpoint")


def _figures(what: str, turns: dict[str, list[Turn]]) -> list[Figure]:
    (first, least), *larger = turns.items()
    return [
        figure(
            "j",
            f"CPU of {what} at {name} events, against {first}",
            [total(many) / total(few) for many, few in zip(found, least, strict=True)],
            "x",
            must=MOST,
            aim=1,
            ceiling=True,
            cpu=costs(found),
        )
        for name, found in larger
    ]


if __name__ == "__main__":
    alone(measure)
