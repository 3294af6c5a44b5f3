"""(e) Order summaries from the log, against COPY: `.venv/bin/python -m benchmarks.projection`.

The projection `order_page` runs as orders runs it, from an empty table to the end of the log. The
limit is the same rows as PostgreSQL gives them, by `COPY … TO STDOUT`, thrown away. COPY's binary
form has less to write, and is told beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from msgspec.structs import replace

import readside
import servers
from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.rounds import Turn, clocked, costs, interleave
from ecommerce.api.ids import uuid7
from ecommerce.events.orders import OrderConfirmed, OrderCreated, OrderEvent, OrderShipped
from ecommerce.projections import order_page
from ecommerce.projections.runner import Projector
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Recorded
from facts import NOON, order_created
from recording import recorded

ORDERS, QUICK_ORDERS = 20_000, 8_000
CONFIRMED_AFTER, SHIPPED_AFTER = 10, 2_000
"""Orders that are placed before one is confirmed, and before it is shipped."""

_OURS, _COPY, _BINARY = "projection", "COPY", "COPY, binary"
_ROWS: Final = b"""
copy (select notification_id, topic, originator_id, state from events order by notification_id)
to stdout
"""
_EMPTY: Final = ("truncate order_page_g1.order_page", "update positions set position = 0")
_PAGE: Final = 5_000
_POLL: Final = 0.025
"""Seconds between one look at how far it is and the next."""


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure the ratio, and what an event costs."""
    orders, rounds = (QUICK_ORDERS, 5) if quick else (ORDERS, 9)
    with servers.postgres() as admin:
        async with readside.database(admin) as url, readside.connected(url) as pool:
            events = await _fill(pool, orders)
            projector = Projector("orders", [order_page], pool, url, readside.no_history)
            await _fold(projector, events)
            meters = {"orders": this_process, "PostgreSQL": server(admin)}
            works = {
                _OURS: lambda: _again(pool, projector, events, meters),
                _COPY: lambda: clocked(events, _copy(pool, _ROWS), meters),
                _BINARY: lambda: clocked(events, _copy(pool, _ROWS + b"(format binary)"), meters),
            }
            turns = await interleave(rounds, works)
    return _figures(turns[_OURS], turns[_COPY], turns[_BINARY])


def _figures(ours: list[Turn], copy: list[Turn], binary: list[Turn]) -> list[Figure]:
    name = "events into order summaries"
    return [
        figure(
            "e",
            f"{name}, against COPY",
            _ratios(ours, copy),
            "x",
            must=0.10,
            aim=0.15,
            cpu=costs(ours),
        ),
        figure("e", f"{name}, against binary COPY", _ratios(ours, binary), "x"),
        figure("e", name, [turn.rate for turn in ours], "/s"),
        figure("e", "COPY", [turn.rate for turn in copy], "/s", cpu=costs(copy)),
    ]


def _ratios(ours: list[Turn], limit: list[Turn]) -> list[float]:
    return [mine.rate / theirs.rate for mine, theirs in zip(ours, limit, strict=True)]


async def _again(pool: Pool, projector: Projector, events: int, meters: Meters) -> Turn:
    """Empty the table, which is not timed, and fold the whole log."""
    async with pool.connection() as db:
        for statement in _EMPTY:
            await db.execute(statement)
    return await clocked(events, _fold(projector, events), meters)


async def _fold(projector: Projector, events: int) -> None:
    async with readside.running(projector.run()):
        while not await _has_read(projector, events):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(_POLL)


async def _has_read(projector: Projector, events: int) -> bool:
    return any(each.position == events for each in await projector.progress())


async def _copy(pool: Pool, statement: bytes) -> None:
    async with pool.connection() as db, db.cursor() as cursor, cursor.copy(statement) as rows:
        async for _ in rows:
            pass


async def _fill(pool: Pool, orders: int) -> int:
    """Record the events of these orders, and say how many."""
    log = list(_log(orders))
    for start in range(0, len(log), _PAGE):
        await readside.append(pool, *log[start : start + _PAGE])
    async with pool.connection() as db:
        await db.execute("vacuum analyze events")
    return len(log)


def _log(orders: int) -> Iterator[Recorded[Any]]:
    """Mix the events of orders as they come in a shop, in a document of some 700 bytes each."""
    told = (event for number in range(orders) for event in _order(number))
    for position, (_, version, event) in enumerate(sorted(told, key=lambda each: each[:2]), 1):
        time = NOON + timedelta(milliseconds=position)
        noted = recorded(event, position, version=version, time=time, causation=str(uuid7()))
        trace = f"00-{position:032x}-{position:016x}-00"
        cause = replace(noted.cause, correlation_id=event.order_id, traceparent=trace)
        yield replace(noted, cause=cause)


def _order(number: int) -> Iterator[tuple[int, int, OrderEvent]]:
    """Give the events of an order of one line, each with its place in the log and its version."""
    created = _created(str(uuid7()))
    name, customer = created.order_id, created.customer
    yield number, 1, created
    yield number + CONFIRMED_AFTER, 2, OrderConfirmed(name, customer, created.total)
    shipped = OrderShipped(name, customer, ("TEA",), "Royal Mail", "RM123456785GB")
    yield number + SHIPPED_AFTER, 3, shipped


def _created(order_id: str) -> OrderCreated:
    return replace(order_created, order_id=order_id, lines=order_created.lines[:1])


if __name__ == "__main__":
    alone(measure)
