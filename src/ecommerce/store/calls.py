"""Does what must be done outside, such as charging a card: again and again until it is settled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

import psycopg
import structlog
from psycopg.rows import class_row

from ecommerce.faults import reach
from ecommerce.kernel import Command, Event, Value
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Codec, Recorded
from ecommerce.store.unit import Answer, Unit, caused_by, digest

POLL: Final = 0.5
"""Seconds between two looks at the table when nothing wakes the worker."""

LEASE: Final = 60
"""Seconds for which a call belongs to the worker that has begun it."""

LIMIT: Final = 45.0
"""Seconds that a call may take, its answer recorded: less than the lease, so that it is alone."""

_LONGEST_DELAY: Final = 300.0
"""Seconds between two attempts at most."""

Call: TypeAlias = Callable[[Recorded[Any], str], Awaitable[Command]]
"""Does what an event intends, under an idempotency key; answers what came of it, as a command.

Whatever it raises means that nothing is known yet: it is called again, under the same key.
"""

Submit: TypeAlias = Callable[[Unit], Awaitable[Answer]]

_log = structlog.get_logger()

# Only the oldest call of a stream is ever begun. The attempt is counted, and committed, before it
# begins: a call of no attempts can be withdrawn, for nobody outside has heard of it.
_CLAIM: Final = """
update calls set attempts = attempts + 1, due_at = now() + %s * interval '1 second'
where id in (
    select id from calls as due
    where due_at <= now() and not exists (
        select from calls as older
        where older.stream = due.stream and older.position < due.position
    )
    order by due_at limit %s for update skip locked
)
returning id, event, position, attempts, series
"""

_POSTPONE: Final = """
update calls set due_at = now() + %s * interval '1 second', last_error = %s, series = series + %s
where id = %s and attempts = %s
"""


class KeySpent(Exception):
    """The other side has stored an error under the idempotency key: go on under a new one.

    Raised by a call that knows that nothing was done under the old key, and never will be.
    """


class _Claimed(Value, frozen=True):
    id: str
    event: bytes
    position: int
    attempts: int
    series: int


class CallWorker:
    """Runs the due calls of one context, at most `concurrency` at a time and one per stream.

    Each handler's outcome is submitted as a unit that settles the call. `wake` says that there may
    be new ones. Several workers share the calls; one that dies leaves its own to the others.
    """

    def __init__(
        self,
        pool: Pool,
        submit: Submit,
        handlers: Mapping[type[Event], Call],
        wake: asyncio.Event,
        concurrency: int = 16,
    ) -> None:
        self._pool = pool
        self._submit = submit
        self._handlers = handlers
        self._codec = Codec(handlers)
        self._wake = wake
        self._concurrency = concurrency
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self) -> None:
        """Run calls until stopped, and end when those that run have ended."""
        async with asyncio.TaskGroup() as tasks:
            while not self._stopping:
                self._wake.clear()
                for call in await self._claim(self._concurrency - len(self._running)):
                    task = tasks.create_task(self._perform(call))
                    self._running.add(task)
                    task.add_done_callback(self._ended)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await self._wake.wait()

    def stop(self) -> None:
        """Begin no more calls."""
        self._stopping = True
        self._wake.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def _claim(self, free: int) -> list[_Claimed]:
        if not free:
            return []
        try:
            async with self._pool.connection() as connection:
                cursor = connection.cursor(row_factory=class_row(_Claimed))
                await cursor.execute(_CLAIM, (LEASE, free), prepare=True)
                return await cursor.fetchall()
        except psycopg.Error as error:
            _log.warning("calls.unavailable", error=str(error))
            return []

    async def _perform(self, call: _Claimed) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                await self._settle(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, the call is still to be made
            _log.warning("call.failed", call=call.id, attempts=call.attempts, error=repr(error))
            await self._postpone(call, error)

    async def _settle(self, call: _Claimed) -> None:
        recorded = self._codec.decode(call.event, call.position)
        if recorded is None:
            raise LookupError("no handler for this event")
        handler = self._handlers[type(recorded.event)]
        reach("calls.claimed")
        command = await handler(recorded, f"{call.id}/{call.series}")
        reach("calls.called")
        key = f"call:{call.id}"
        # Should two workers ever have done it, the first outcome that is recorded is the one.
        unit = Unit(key, digest(key), caused_by(recorded), command, settles=call.id)
        await self._submit(unit)

    async def _postpone(self, call: _Claimed, error: Exception) -> None:
        delay = min(_LONGEST_DELAY, 0.5 * 2 ** min(call.attempts, 20))
        values = (
            delay * random.uniform(0.5, 1),  # noqa: S311 - not a secret
            repr(error)[:1000],
            1 if isinstance(error, KeySpent) else 0,
            call.id,
            call.attempts,
        )
        # Where this fails too, the lease ends by itself.
        with suppress(psycopg.Error):
            async with self._pool.connection() as connection:
                await connection.execute(_POSTPONE, values)
