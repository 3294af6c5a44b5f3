"""One loop per process does all its writing: takes what waits, decides it, records it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import structlog

from ecommerce.faults import reach
from ecommerce.kernel import Decider, Event
from ecommerce.store.batch import Batch, Known, Rules
from ecommerce.store.connection import Pool, is_outage
from ecommerce.store.folds import Folds, Versioned
from ecommerce.store.held import Held
from ecommerce.store.line import Line, Waiting
from ecommerce.store.snapshots import Snapshots
from ecommerce.store.unit import Answer, StoreUnavailable, Unit
from ecommerce.store.writer import Writer

BATCH: Final = 256
"""How many units are recorded in one transaction at most."""

_SILENCE: Final = 20.0
"""Seconds after which a database that says nothing is given up; its own timeouts come first."""

_DRAIN: Final = 8.0
"""Seconds that the loop gets to record what waits when it is stopped.

That is less than the patience of who waits. Who is cut off is told so at once; whether it was
recorded is open, and under the same key it happens once.
"""

_PAUSE: Final = 0.1
"""Seconds between a failure and the next attempt."""

_log = structlog.get_logger()


class CommandLoop:
    """Records the units of one context.

    An event whose type is in `calls` makes a row there, one in `withdraws` takes back its stream's
    calls that were not begun, one in `timers` sets a timer of so many seconds, one in `ends` takes
    back its stream's timers. Through `pool`, where given, states of long streams are kept.
    `on_commit` is told of each batch of new events; it must not block. At most `queue_size`
    units wait; states of about `cache_bytes` are held between batches.
    """

    def __init__(  # noqa: PLR0913 - all that makes a context's loop, given once and by name
        self,
        context: str,
        decider: Decider,
        url: str,
        *,
        calls: Iterable[type[Event]] = (),
        withdraws: Iterable[type[Event]] = (),
        timers: Mapping[type[Event], int] | None = None,
        ends: Iterable[type[Event]] = (),
        pool: Pool | None = None,
        on_commit: Callable[[Batch], None] = lambda _: None,
        queue_size: int = 4096,
        cache_bytes: int = 8 * 2**20,
    ) -> None:
        self._folds = Folds(decider)
        self._rules = Rules(
            context,
            decider,
            self._folds,
            frozenset(calls),
            frozenset(withdraws),
            timers or {},
            frozenset(ends),
        )
        self._on_commit = on_commit
        self._line = Line(queue_size)
        self._held = Held(cache_bytes)
        self._snapshots = Snapshots(self._folds, pool)
        self._writer = Writer(url, self._folds.shape)
        self._running: asyncio.Task[None] | None = None
        self._in_hand: list[Waiting] = []

    async def submit(self, unit: Unit) -> Answer:
        """Have a unit recorded, and answer when it is.

        Raises what its decision raises, as `Rejected`; `KeyReused`; `LoopFull` at once;
        `LoopStopped`; `StoreUnavailable` after ten seconds.
        """
        streams = self._rules.decider.streams(unit.command)
        self._folds.expect(streams)
        waiting = Waiting(unit, streams)
        self._line.join(waiting)
        return await waiting.answer()

    async def run(self, ready: asyncio.Event) -> None:
        """Record what is submitted until stopped; `ready` is set once the database answers."""
        self._running = asyncio.current_task()
        keeping = asyncio.create_task(self._snapshots.run())
        try:
            await self._writer.open()
            ready.set()
            while units := await self._line.take(BATCH):
                self._in_hand = units
                await self._record(units)
        finally:
            keeping.cancel()
            self._line.dissolve()
            await self._writer.close()

    async def stop(self) -> None:
        """Take no more units, record those that wait, and end `run`."""
        self._line.close()
        if self._running:
            _, unfinished = await asyncio.wait([self._running], timeout=_DRAIN)
            for task in unfinished:
                self._cut_off()
                task.cancel()

    def _cut_off(self) -> None:
        # Before the connection is broken off: to a database that is silent, that takes long itself.
        self._line.dissolve()
        for waiting in self._in_hand:
            waiting.fail(StoreUnavailable(StoreUnavailable.__doc__))

    async def _record(self, units: list[Waiting]) -> None:
        """Record units, however often that takes."""
        locked = False
        while units := [waiting for waiting in units if not waiting.done]:
            try:
                async with asyncio.timeout(_SILENCE):
                    if await self._attempt(units, locked=locked):
                        return
                if locked:
                    await self._distrust()
            except Exception as error:  # noqa: BLE001 - it is the answer of the unit that it is due to
                _log.warning("store.failed", error=repr(error), units=len(units))
                await asyncio.sleep(_PAUSE)
                await self._reopen()
                if not is_outage(error):
                    await self._isolate(units, error)
                    return
            # What came in between, or was committed without our hearing of it, is seen under the
            # lock; nothing else comes in there.
            locked = True

    async def _distrust(self) -> None:
        """Forget states that are ahead of the log itself: it was put back to an earlier state."""
        _log.error("store.log_went_back", held=len(self._held))
        await asyncio.sleep(_PAUSE)
        await self._reopen()

    async def _reopen(self) -> None:
        """Connect anew, and hold nothing: behind the address there may be another database."""
        self._held.clear()
        self._snapshots.forget()
        await self._writer.open()

    async def _isolate(self, units: list[Waiting], error: Exception) -> None:
        """Record units one by one, as the database does not take what one of them brings."""
        if len(units) == 1:
            units[0].fail(error)
            return
        for waiting in units:
            await self._record([waiting])

    async def _attempt(self, units: list[Waiting], *, locked: bool) -> bool:
        """Decide and append. False where what was read has changed meanwhile: not when locked."""
        states, known = await self._load(units, locked=locked)
        batch = Batch(self._rules, states, known, datetime.now(UTC))
        for waiting in units:
            waiting.outcome = batch.decide(waiting.unit, waiting.streams)
        reach("loop.decided")
        # A batch that only repeats what was answered before has nothing to check or to record.
        appended = (
            await self._writer.append(batch, locked=locked) if batch.reads or locked else None
        )
        if batch.reads and not appended:
            return False
        reach("loop.committed")
        for stream in batch.reads:
            self._held.hold(stream, self._snapshots.consider(stream, states[stream]))
        for waiting in units:
            waiting.settle(appended)
        if batch.events:
            self._on_commit(batch)
        return True

    async def _load(
        self, units: list[Waiting], *, locked: bool
    ) -> tuple[dict[str, Versioned], Mapping[str, Known]]:
        keys = [waiting.unit.key for waiting in units]
        streams = {stream for waiting in units for stream in waiting.streams}
        states = {name: self._held.get(name) or self._folds.initial(name) for name in streams}
        known = await self._read(states, keys)
        if locked:
            # Most is read before: under the lock, there is only what came in between to be sent.
            await self._writer.lock()
            known = await self._read(states, keys)
        return states, known

    async def _read(self, states: dict[str, Versioned], keys: list[str]) -> Mapping[str, Known]:
        """Bring the states up to date, held or not, and look the keys up."""
        versions = {stream: versioned.version for stream, versioned in states.items()}
        found = await self._writer.read(versions, keys)
        for stream, (version, state) in found.snapshots.items():
            states[stream] = self._folds.restore(stream, version, state)
        for stream, stored in found.events.items():
            states[stream] = self._folds.read(stream, states[stream], stored)
        return found.keys
