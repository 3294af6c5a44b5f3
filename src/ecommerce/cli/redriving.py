"""Asks a context to feed or to give up parked messages, and tells what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from ecommerce.bus import parked_asks
from ecommerce.bus.parked_rows import Row
from ecommerce.cli.parked_messages import database
from ecommerce.cli.progress import say
from ecommerce.store.connection import Connection

POLL: Final = 0.2


async def retry(context: str, keys: Collection[str]) -> bool:
    """Have keys fed again, and say of each how it ended. False where one failed."""
    async with database(context) as db:
        await parked_asks.ask_retry(db, keys)
        if not await parked_asks.somebody_runs(db):
            say(f"No instance of {context} is running: the next one to start does this.")
            return True
        try:
            return await _follow(db, set(keys))
        except asyncio.CancelledError:
            left = await parked_asks.withdraw(db, keys)
            say(f"Stopped: {len(left)} of {len(keys)} keys had not begun and stay parked.")
            return False


async def _follow(db: Connection, keys: set[str]) -> bool:
    failed = False
    while keys:
        firsts = await parked_asks.firsts(db, keys)
        for key in sorted(keys):
            row = firsts.get(key)
            if row is None:
                say(f"{key}: handled, and free.")
                keys.discard(key)
            elif row.retry_at is None:
                say(f"{key}: {row.message_id} failed: {_why(row)}")
                keys.discard(key)
                failed = True
        await asyncio.sleep(POLL if keys else 0)
    return not failed


async def discard(context: str, row: Row, reason: str) -> bool:
    """Have a message given up, and say how that ended. False where it was handled before."""
    async with database(context) as db:
        await parked_asks.ask_discard(db, row.id, reason)
        if not await parked_asks.somebody_runs(db):
            say(f"No instance of {context} is running: the next one to start does this.")
            return True
        while await parked_asks.is_there(db, row.id):  # noqa: ASYNC110 - it is in a database
            await asyncio.sleep(POLL)
        done = await parked_asks.was_discarded(db, row.id)
    say(f"{row.message_id}: given up." if done else f"{row.message_id} was handled meanwhile.")
    return done


def _why(row: Row) -> str:
    last = (row.detail or "").strip().splitlines()[-1:]
    return ": ".join([row.reason, *last])
