"""The instances of a context share its queues evenly: a row seen of late is a share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ecommerce.store.connection import Pool

BEAT: Final = 1.0
"""Seconds between two heartbeats; an instance not seen for three of them has no share."""

_BEAT: Final = """
    with gone as (
        delete from instances where seen_at < now() - interval '1 hour' and instance <> %(me)s
    )
    insert into instances (instance) values (%(me)s)
    on conflict (instance) do update set seen_at = now()
"""
_LIVE: Final = """
    select instance from instances where seen_at > now() - interval '3 seconds'
    order by started_at, instance
"""
_LEAVE: Final = "delete from instances where instance = %s"


async def beat(pool: Pool, instance: str) -> list[str]:
    """Show that this instance lives, and list all that do, the longest running first."""
    async with pool.connection() as connection:
        await connection.execute(_BEAT, {"me": instance})
        return [row[0] for row in await (await connection.execute(_LIVE)).fetchall()]


async def leave(pool: Pool, instance: str) -> None:
    """Give this instance's share to the others at once."""
    async with pool.connection() as connection:
        await connection.execute(_LEAVE, (instance,))


def share(queues: Sequence[str], live: Sequence[str], instance: str) -> set[str]:
    """Say which queues an instance consumes: each is somebody's, as long as all see the same."""
    return {
        queue
        for number, queue in enumerate(queues)
        if live and live[number % len(live)] == instance
    }
