"""(j) Whole orders on logs of a million events: `.venv/bin/python -m benchmarks.aged`.

A shop takes some orders; then its four logs are filled with copies of those, each under ids of its
own, and it takes as many again. The copies stand under topics that nobody publishes: the relays
read over them, and the read models of each context fold them, as they would have in the years that
such a log takes.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from math import ceil
from typing import Final, LiteralString

import psycopg

from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.running import Left, Opened, opened
from benchmarks.whole import WARM_UP, buy, cost, one_line

CONTEXTS: Final = ("orders", "inventory", "payments", "notifications")
EVENTS, QUICK_EVENTS = 1_000_000, 50_000
"""How many events the four logs hold in the end."""
ORDERS, QUICK_ORDERS = 1_500, 400

_COUNT: Final = "select count(*) from events"
_COUNT_COPIED: Final = "select count(*) from events where originator_id ~ '[0-9a-f-]{36}'"
# An order's id stands in the names of all of its streams, and in all of its documents.
_ID: Final = "substring(originator_id from '[0-9a-f-]{36}')"
_COPY_EVENTS: Final = f"""
    insert into events (originator_id, originator_version, topic, state)
    select replace(originator_id, id, other), originator_version, 'copy.' || topic,
        convert_to(replace(convert_from(state, 'UTF8'), id, other), 'UTF8')
    from (
        select *, md5(id || %(round)s)::uuid::text other
        from (select *, {_ID} id from events where notification_id <= %(last)s) own
        where id is not null
    ) named
    order by notification_id
"""  # noqa: S608 - nothing but our own expression is inlined
_COPY_KEYS: Final = """
    insert into keys (key, digest, events, position, recorded_at)
    select key || %(round)s, digest, events, position, recorded_at from keys where key !~ '~'
"""


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure what an order costs on full logs, against one on nearly empty ones."""
    orders, events = (QUICK_ORDERS, QUICK_EVENTS) if quick else (ORDERS, EVENTS)
    async with opened() as place:
        young = await _order(place, orders)
        stored = await _age(place, events)
        old = await _order(place, orders)
    what = f"CPU of a whole order at {stored:,} events, against one before"
    return [figure("j", what, [old / young], "x", must=1.3, aim=1, ceiling=True)]


async def _order(place: Opened, orders: int) -> float:
    await buy(place, islice(one_line(place.skus), WARM_UP))
    return cost(await buy(place, islice(one_line(place.skus), orders)))


async def _age(place: Opened, events: int) -> int:
    """Fill the logs, wait until that is read, and say how many events there are now."""
    left = Left(place.shop)
    counts = await asyncio.to_thread(_fill, left.urls, events)
    await left.wait_for_own()
    return counts


def _fill(urls: dict[str, str], events: int) -> int:
    held = sum(_ask(urls[name], _COUNT) for name in CONTEXTS)
    copied = sum(_ask(urls[name], _COUNT_COPIED) for name in CONTEXTS)
    rounds = range(1, 1 + ceil((events - held) / copied))
    return sum(_fill_one(urls[name], rounds) for name in CONTEXTS)


def _fill_one(url: str, rounds: range) -> int:
    last = _ask(url, "select max(notification_id) from events")
    for number in rounds:
        with psycopg.connect(url) as db:
            values = {"round": f"~{number}", "last": last}
            db.execute(_COPY_EVENTS, values)
            db.execute(_COPY_KEYS, values)
    with psycopg.connect(url, autocommit=True) as db:
        # What would come at any time by itself, and then be counted.
        db.execute("vacuum analyze events, keys")
    return _ask(url, _COUNT)


def _ask(url: str, query: LiteralString) -> int:
    with psycopg.connect(url) as db:
        ((found,),) = db.execute(query).fetchall()
    return int(found)


if __name__ == "__main__":
    alone(measure)
