"""Publishes again what a broker has lost: the log has it all, so a relay is only set back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

from ecommerce.bus.history import newest, read_history
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import published_topics

PATIENCE: Final = 5.0
"""Seconds without another event after which a history is taken to end, or to have a gap."""

_REACHED: Final = "select position, previous from relay for update"
_COUNT: Final = """
    select coalesce(max(notification_id) filter (where notification_id < %(start)s), 0),
        count(*) filter (where notification_id >= %(start)s)
    from events where topic = any(%(topics)s) and notification_id <= %(reached)s
"""
_SET_BACK: Final = "update relay set position = %(start)s - 1, previous = %(before)s"


async def republish(connection: Connection, context: str, start: int) -> int:
    """Set a context's relay back to before a position of its log, and count what goes out again.

    Whichever instance leads goes on from there with its next page. A relay that has not come so far
    stays where it is. Raises `psycopg.Error`.
    """
    async with connection.transaction():
        reached, _ = await _pair(connection, _REACHED, {})
        values = {"start": start, "reached": reached, "topics": published_topics(context)}
        before, count = await _pair(connection, _COUNT, values)
        if start <= reached:
            await connection.execute(_SET_BACK, values | {"before": before})
    return count


async def restore(connection: Connection, context: str, amqp_url: str) -> int:
    """Publish again from where a context's history is broken, if it is; count the events.

    The broker's user must be one who may read it. Raises `psycopg.Error`, or one of `OUTAGES`.
    """
    _, published = await _pair(connection, "select position, previous from relay", {})
    held = await _unbroken(amqp_url, context, published)
    return await republish(connection, context, held + 1) if held < published else 0


async def _unbroken(amqp_url: str, source: str, until: int) -> int:
    """Say up to which position a history holds everything, as far as it is asked for."""
    await newest(amqp_url, [source])  # a broker that is down must not pass for an empty one
    held = 0
    async with aclosing(read_history(amqp_url, source, 0, "restore")) as pages:
        while held < until:
            try:
                page = await asyncio.wait_for(anext(pages), PATIENCE)
            except TimeoutError:
                break
            held = page[-1][0] if page else held  # an empty one tells of a gap
    return held


async def _pair(connection: Connection, query: str, values: dict[str, object]) -> tuple[int, int]:
    row = await (await connection.execute(query.encode(), values)).fetchone()
    if row is None:
        raise LookupError(f"the database answers nothing to: {query}")
    return row[0], row[1]
