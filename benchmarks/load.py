"""A stream of 100,000 events, loaded through its snapshot: `.venv/bin/python -m benchmarks.load`.

The stream is that of a SKU's stock, and 1,999 events have come since its state was kept. What is
timed is the first decision of a new command loop about it; the limit is the bare SELECT of these
1,999 events. For comparison, the same decision by code that must read all events.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter
from types import SimpleNamespace
from typing import Any, Final

import psycopg
from msgspec.structs import replace

import servers
import writing
from benchmarks.rounds import show, take_turns
from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import AdjustStock, NotEnoughStock
from ecommerce.events.inventory import UnitsReceived
from ecommerce.store.connection import pool
from ecommerce.store.envelope import Recorded, encode, topic

ROUNDS: Final = 20
KEPT, SINCE = 100_000, 1_999
STREAM: Final = inventory.stock("MUG")
REFUSED: Final = AdjustStock("MUG", -(10**9), "lost")
"""Reads the whole stream and records nothing."""
BARE: Final = "bare SELECT of the rest"
REPEAT: Final = """
    insert into events (originator_id, originator_version, topic, state)
    select originator_id, n, topic, convert_to(replace(
        convert_from(state, 'UTF8'), '@1"', '@' || n || '"'
    ), 'UTF8')
    from events, generate_series(%s::int, %s::int) n
    where originator_id = %s and originator_version = 1 order by n
"""
REST: Final = """
    select originator_version, state from events
    where originator_id = %s and originator_version > %s order by originator_version
"""


async def main(rounds: int) -> None:
    """Measure, and print what came out."""
    with servers.postgres() as admin, writing.database(admin) as url:
        await _make_stream(url)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as bare:
            works = {
                BARE: lambda: _select_rest(bare),
                "first decision, through the snapshot": lambda: _decide_once(url, inventory),
                "first decision, from event 1 on": lambda: _decide_once(url, _other()),
            }
            timed = await take_turns(rounds, works)
    show(f"A stream of {KEPT + SINCE:,} events", timed, BARE)


async def _make_stream(url: str) -> None:
    event = UnitsReceived("MUG", 12, "delivery note 4711")
    first = Recorded(event, "inventory", STREAM, 1, 0, datetime.now(UTC), writing.CAUSE)
    values = (STREAM, 1, topic("stock", UnitsReceived), encode(first))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        await db.execute("insert into events values (%s, %s, %s, %s)", values)
        await db.execute(REPEAT, (2, KEPT, STREAM))
        await _keep(url)
        await db.execute(REPEAT, (KEPT + 1, KEPT + SINCE, STREAM))
        await db.execute("vacuum analyze events")


async def _keep(url: str) -> None:
    """Have a loop keep the stream's state."""
    async with pool(url, size=1) as opened, writing.looping(url, inventory, pool=opened) as loop:
        await _refuse(loop.submit(writing.unit(REFUSED)))
        await writing.until(lambda: _kept(url))


async def _kept(url: str) -> bool:
    return await writing.rows(url, "select version from snapshots") == [(KEPT,)]


async def _refuse(submitted: Any) -> None:
    with suppress(NotEnoughStock):
        await submitted


async def _select_rest(bare: psycopg.AsyncConnection[Any]) -> float:
    began = perf_counter()
    async with bare.cursor(binary=True) as cursor:
        await cursor.execute(REST, (STREAM, KEPT))
        await cursor.fetchall()
    return perf_counter() - began


async def _decide_once(url: str, decider: Any) -> float:
    async with writing.looping(url, decider) as loop:
        began = perf_counter()
        await _refuse(loop.submit(writing.unit(REFUSED)))
        return perf_counter() - began


def _other() -> Any:
    """Give the same decider as code whose events mean something else, which takes no snapshot."""
    folds = {name: replace(fold, version=99) for name, fold in inventory.folds.items()}
    return SimpleNamespace(folds=folds, streams=inventory.streams, decide=inventory.decide)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
