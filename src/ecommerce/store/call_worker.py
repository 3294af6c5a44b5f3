"""Has the calls of a context made as they fall due, so many at a time, until it is told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import psycopg
import structlog

from ecommerce.kernel import Event
from ecommerce.store import claims
from ecommerce.store.calls import Call, Calls
from ecommerce.store.claims import Claimed
from ecommerce.store.connection import Pool
from ecommerce.store.unit import Submit

POLL: Final = 0.5
"""Seconds between two looks at the table when nothing wakes the worker."""

PAUSE: Final = 0.02
"""Seconds between two claims."""

PATIENCE: Final = 5.0
"""Seconds that the running calls get when the worker is told to end."""

_log = structlog.get_logger()


class CallWorker:
    """Runs the due calls of one context, at most `concurrency` at a time and one per stream.

    An event of a kind in `withdraws` takes back those of its stream that were not begun. `wake`
    says that there may be new ones. Several workers share the calls; one that dies leaves its own
    to the others.
    """

    def __init__(
        self,
        pool: Pool,
        submit: Submit,
        handlers: Mapping[type[Event], Call],
        wake: asyncio.Event,
        concurrency: int = 32,
        withdraws: Iterable[type[Event]] = (),
    ) -> None:
        self._pool = pool
        self._calls = Calls(pool, submit, handlers, self._rest)
        self._wake = wake
        self._concurrency = concurrency
        self._withdraws = [event.__name__ for event in withdraws]
        self._begun: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None
        self._stopping = False
        self._rests_until = 0.0

    async def run(self) -> None:
        """Run calls until stopped, and end when those that run have ended."""
        self._running = asyncio.current_task()
        async with asyncio.TaskGroup() as tasks:
            while not self._stopping:
                self._wake.clear()
                for call in await self._claim():
                    task = tasks.create_task(self._calls.make(call))
                    self._begun.add(task)
                    task.add_done_callback(self._ended)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await asyncio.sleep(PAUSE)
                        await self._wake.wait()

    async def drain(self, patience: float = PATIENCE) -> None:
        """Begin no more calls, and end `run`: calls that take longer are left for the next one."""
        self._stopping = True
        self._wake.set()
        if self._running and not self._running.done():
            _, unfinished = await asyncio.wait([self._running], timeout=patience)
            for task in unfinished:
                task.cancel()
                await asyncio.wait(unfinished)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._begun.discard(task)
        self._wake.set()

    async def _claim(self) -> list[Claimed]:
        free = self._concurrency - len(self._begun)
        if free <= 0 or time.monotonic() < self._rests_until:
            return []
        try:
            return await claims.claim(self._pool, free, self._withdraws)
        except psycopg.Error as error:
            _log.warning("calls.unavailable", error=str(error))
            return []

    def _rest(self, seconds: float) -> None:
        self._rests_until = max(self._rests_until, time.monotonic() + seconds)
