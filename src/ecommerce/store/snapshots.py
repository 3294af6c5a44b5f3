"""Keeps a state of each long stream, so that nobody has to read the stream from its start."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import psycopg
import structlog

from ecommerce.store.connection import Pool
from ecommerce.store.folds import Folds, Versioned

EVERY: Final = 1000
"""How many events a stream grows by before its state is kept anew."""

_log = structlog.get_logger()

_KEEP: Final = """
insert into snapshots (stream, version, shape, state) values (%s, %s, %s, %s)
on conflict (stream) do update
    set (version, shape, state, taken_at)
        = (excluded.version, excluded.shape, excluded.state, excluded.taken_at)
    where (snapshots.shape, snapshots.version) is distinct from (excluded.shape, excluded.version)
"""


class Snapshots:
    """Writes in the background, on a connection of its own, what the loop has committed.

    Without a pool, nothing is kept.
    """

    def __init__(self, folds: Folds, pool: Pool | None) -> None:
        self._folds = folds
        self._pool = pool
        self._due: dict[str, Versioned] = {}
        self._moved = asyncio.Event()

    def consider(self, stream: str, versioned: Versioned) -> Versioned:
        """Have a committed state kept where its stream has grown by so much. Never waits."""
        if self._pool is None or versioned.version - versioned.kept < EVERY:
            return versioned
        self._due[stream] = versioned
        self._moved.set()
        return msgspec.structs.replace(versioned, kept=versioned.version)

    def forget(self) -> None:
        """Keep nothing of what is still to be written: the log may no longer hold it."""
        self._due.clear()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            while self._due:
                await self._keep(*self._due.popitem())

    async def _keep(self, stream: str, versioned: Versioned) -> None:
        if self._pool is None:
            return
        shape, state = self._folds.shape(stream), msgspec.json.encode(versioned.state)
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_KEEP, (stream, versioned.version, shape, state))
        except psycopg.Error as error:
            # The stream is kept when it has grown by as much again.
            _log.warning("snapshots.unavailable", stream=stream, error=str(error))
