"""Counts what could not be handled and waits to be redriven."""

from __future__ import annotations

from typing import Final

from ecommerce.store.connection import Pool

_COUNTS: Final = "select reason, count(*) from parked group by reason order by reason"


async def counts(pool: Pool) -> dict[str, int]:
    """Count the parked messages by the reason for which they are."""
    async with pool.connection() as connection:
        return dict(await (await connection.execute(_COUNTS)).fetchall())
