"""The line in which units wait to be recorded: bounded, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from ecommerce.store.append import Appended
from ecommerce.store.batch import Outcome, Pending
from ecommerce.store.unit import Answer, LoopFull, LoopStopped, StoreUnavailable, Unit

PATIENCE: Final = 10.0
"""Seconds that a unit waits for its answer."""


class Waiting:
    """A unit that waits for its answer; `outcome` is what it will be, if the append succeeds."""

    def __init__(self, unit: Unit, streams: Sequence[str]) -> None:
        self.unit = unit
        self.streams = streams
        self.outcome: Outcome = StoreUnavailable(StoreUnavailable.__doc__)
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    @property
    def done(self) -> bool:
        """Say whether it is answered, or waits no more."""
        return self._answer.done()

    def settle(self, appended: Appended | None) -> None:
        """Answer with the outcome, which now holds."""
        if self.done:
            return
        match self.outcome:
            case Pending(_, events, count) if appended:
                self._answer.set_result(Answer(events, appended.position(count)))
            case Answer() as answer:
                self._answer.set_result(answer)
            case outcome:
                self.fail(outcome if isinstance(outcome, Exception) else LookupError(outcome))

    def fail(self, error: Exception) -> None:
        """Answer with an error."""
        if not self.done:
            self._answer.set_exception(error)

    async def answer(self) -> Answer:
        """Wait for the answer. Raises `StoreUnavailable` when that takes too long."""
        patience = asyncio.get_running_loop().call_later(PATIENCE, self._give_up)
        try:
            return await self._answer
        finally:
            patience.cancel()

    def _give_up(self) -> None:
        self.fail(StoreUnavailable(StoreUnavailable.__doc__))


class Line:
    """At most `size` units in line. Nobody joins once it is closed; those who wait are taken."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[Waiting] = deque()
        self._moved = asyncio.Event()
        self._closed = False

    def join(self, waiting: Waiting) -> None:
        """Join at the end. Raises `LoopFull` or `LoopStopped`."""
        if self._closed:
            raise LoopStopped(LoopStopped.__doc__)
        if len(self._waiting) >= self._size:
            raise LoopFull(LoopFull.__doc__)
        self._waiting.append(waiting)
        self._moved.set()

    async def take(self, most: int) -> list[Waiting]:
        """Take those in front, as soon as there are any; nobody once closed and empty."""
        while not self._waiting and not self._closed:
            self._moved.clear()
            await self._moved.wait()
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def close(self) -> None:
        """Let nobody join any more."""
        self._closed = True
        self._moved.set()

    def dissolve(self) -> None:
        """Close, and send away those who still wait."""
        self.close()
        while self._waiting:
            self._waiting.popleft().fail(LoopStopped(LoopStopped.__doc__))
