"""The instances of a context share its queues evenly: a row seen of late is a share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ecommerce.store.connection import Pool

BEAT: Final = 0.5
"""Seconds between two heartbeats."""

SEEN: Final = "seen_at > now() - interval '2 seconds'"
"""True of an instance that counts as running; four heartbeats are missed before it is not.

Who is taken for gone and is not, does no harm. Its queues stay its own at the broker until it lets
go of them or is cut off there, and whatever it still records has its key.
"""

_BEAT: Final = f"""
    with gone as (
        delete from instances where seen_at < now() - interval '1 hour' and instance <> %(me)s
    ), me as (
        insert into instances (instance) values (%(me)s)
        on conflict (instance) do update set seen_at = now()
        returning instance, started_at
    )
    select instance from (
        select * from me
        union all
        select instance, started_at from instances where {SEEN} and instance <> %(me)s
    ) as live
    order by started_at, instance
"""  # noqa: S608 - nothing but our own condition is inlined
_LEAVE: Final = "delete from instances where instance = %s"


async def beat(pool: Pool, instance: str) -> list[str]:
    """Show that this instance lives, and list all that do, the longest running first."""
    async with pool.connection() as connection:
        cursor = await connection.execute(_BEAT, {"me": instance})
        return [row[0] for row in await cursor.fetchall()]


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
