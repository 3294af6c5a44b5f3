"""Waits until a read model has got somewhere: one look for all who wait, and none for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from ecommerce.projections.generations import progress
from ecommerce.projections.projection import Projection
from ecommerce.store.connection import Pool

PAUSE: Final = 0.01
"""Seconds between one look and the next."""


class Watch:
    """Looks how far one read model is, for as long as somebody waits.

    `reached` is what the last look has found, by source. Many may wait, also for what may never
    come: it costs no more than one who waits.
    """

    def __init__(self, pool: Pool, projection: Projection) -> None:
        self.reached: Mapping[str, int] = {}
        self._pool = pool
        self._projection = projection
        self._waiting: dict[asyncio.Future[None], Mapping[str, int]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def until(self, wanted: Mapping[str, int]) -> None:
        """Wait until the read model is where it is wanted. Raises `psycopg.Error`."""
        there = asyncio.get_running_loop().create_future()
        self._waiting[there] = wanted
        if not self._looking:
            self._looking = asyncio.create_task(self._look())
        try:
            await there
        finally:
            del self._waiting[there]

    async def _look(self) -> None:
        try:
            while self._waiting:
                found = await progress(self._pool, [self._projection])
                self.reached = {each.source: each.position for each in found}
                self._tell()
                await asyncio.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001 - it is the answer to all who wait
            for there in self._waiting:
                if not there.done():
                    there.set_exception(error)
        finally:
            self._looking = None

    def _tell(self) -> None:
        for there, wanted in self._waiting.items():
            if not there.done() and not lacking(wanted, self.reached):
                there.set_result(None)


def lacking(wanted: Mapping[str, int], reached: Mapping[str, int]) -> dict[str, int]:
    """Say which positions are wanted, and not reached, of the sources that are read at all."""
    return {
        source: position
        for source, position in wanted.items()
        if reached.get(source, position) < position
    }
