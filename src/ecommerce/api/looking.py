"""Waits until something can be read: one look for all who wait, and none for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

import structlog

T = TypeVar("T")

PAUSE: Final = 0.03
"""Seconds between one look and the next."""
AT_ONCE: Final = 1000
"""Things looked for in one query."""

Find: TypeAlias = Callable[[Sequence[str]], Awaitable[Mapping[str, T]]]
"""Reads those of some things that there are, by key."""

log = structlog.get_logger()


class _Wait(NamedTuple, Generic[T]):
    key: str
    enough: Callable[[T], bool]


class Looks(Generic[T]):
    """Looks at the things that somebody waits for, as long as somebody does."""

    def __init__(self, find: Find[T]) -> None:
        self._find = find
        self._waiting: dict[asyncio.Future[T | None], _Wait[T]] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def until(self, key: str, enough: Callable[[T], bool], seconds: float) -> T | None:
        """Give a thing once it is as it is waited for, or nothing where that does not come in time.

        Where it cannot be read there is nothing to wait for, and the log says why.
        """
        there: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting[there] = _Wait(key, enough)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                return await there
        except TimeoutError:
            return None
        finally:
            del self._waiting[there]

    async def _look(self) -> None:
        try:
            while self._waiting:
                await self._look_once()
                await asyncio.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001 - what is waited for is told by other ways too
            log.warning("looking.failed", error=repr(error))
            for there in self._waiting:
                if not there.done():
                    there.set_result(None)
        finally:
            self._looking = None

    async def _look_once(self) -> None:
        keys = sorted({wait.key for wait in self._waiting.values()})
        for start in range(0, len(keys), AT_ONCE):
            found = await self._find(keys[start : start + AT_ONCE])
            for there, wait in self._waiting.items():
                thing = found.get(wait.key)
                if thing is not None and not there.done() and wait.enough(thing):
                    there.set_result(thing)
