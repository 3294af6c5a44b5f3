"""Brings those together who end at about the same time, so that they are recorded at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import Final, TypeVar

T = TypeVar("T")

LONGEST_REST: Final = 0.1
"""Seconds."""


async def rest(since: float, times: float = 1) -> None:
    """Wait so many times as long as the work has taken that began then, by the monotonic clock.

    What comes meanwhile is done at once. So small pieces take half of the time at most, or a part
    of it, however busy the machine is; who has more before him than one piece does not rest.
    """
    await asyncio.sleep(min(times * (monotonic() - since), LONGEST_REST))


class Gathering:
    """Holds back who is done, until nobody else is at it, or the first has waited long enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at_it = 0
        self._gathered = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None

    async def join(self, doing: Awaitable[T]) -> T:
        """Do something, and return from it with the others. Raises what it raises, at once."""
        self._at_it += 1
        try:
            result = await doing
        finally:
            self._at_it -= 1
            if not self._at_it:
                self._let_go()
        if self._at_it:
            await self._wait()
        return result

    async def _wait(self) -> None:
        if not self._patience:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(self._seconds, self._let_go)
        await self._gathered.wait()

    def _let_go(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None
        self._gathered.set()
        self._gathered = asyncio.Event()
