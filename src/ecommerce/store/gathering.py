"""Brings those together who end at about the same time, so that they are recorded at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


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
