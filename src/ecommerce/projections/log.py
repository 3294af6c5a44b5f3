"""A context's own log as its projections read it: each page once, decoded once, for all of them."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from ecommerce.projections.projection import Projection
from ecommerce.store.codec import Codec
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Recorded, members
from ecommerce.store.log import documents

PAGE: Final = 1000
"""How many events are folded in one transaction, some 20 ms of work for this process."""

POLL_SECONDS: Final = 0.15
"""How long an event of another process of the context can stay unseen."""


GATHER: Final = 0.02
"""Seconds after a commit in which more may come, to be folded in the same transaction."""


class Entry(NamedTuple):
    """An event of a log or a history, decoded where one of its readers wants it.

    One that cannot be decoded is there as it is: it stops only the projections that read its type.
    """

    position: int
    document: bytes
    recorded: Recorded[Any] | msgspec.MsgspecError | None


Page: TypeAlias = Sequence[Entry]
"""Events in the order of their positions."""


def codec(projections: Iterable[Projection]) -> Codec:
    """Make what reads all the events that these projections fold."""
    return Codec({event for each in projections for event in members(each.Source)})


def entries(found: Iterable[tuple[int, bytes]], reading: Codec) -> list[Entry]:
    """Decode what a log or a history gives: positions and documents."""
    return [
        Entry(position, document, _decoded(position, document, reading))
        for position, document in found
    ]


def _decoded(
    position: int, document: bytes, reading: Codec
) -> Recorded[Any] | msgspec.MsgspecError | None:
    try:
        return reading.decode(document, position)
    except msgspec.MsgspecError as error:
        return error


class Log:
    """The log, read where somebody asks and looked at anew for all of them together.

    Each reader has its own position, and one that is far behind reads pages of its own: nobody
    waits for it.
    """

    def __init__(self, pool: Pool, projections: Iterable[Projection]) -> None:
        self._pool = pool
        self._codec = codec(projections)
        self._reading = asyncio.Lock()
        self._page: Page = ()
        self._start = 0
        self._woken = asyncio.Event()
        self._look_again = asyncio.Event()
        self._ended: asyncio.Event | None = None
        """The log ended with the page, until this look is over."""

    def wake(self) -> None:
        """Say that this process has committed events: look now rather than soon."""
        self._woken.set()

    async def run(self) -> None:
        """Have all who wait look again, from time to time and whenever woken, for ever."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
                    await asyncio.sleep(GATHER)
            self._woken.clear()
            over, self._look_again = self._look_again, asyncio.Event()
            over.set()

    async def after(self, position: int) -> Page:
        """Wait until an event follows a position, and give the page of what follows."""
        while True:
            look = self._look_again
            async with self._reading:
                if not self._holds(position):
                    await self._read(position)
                first = bisect_right(self._page, position, key=attrgetter("position"))
                page = self._page[first:]
            if page:
                return page
            await look.wait()

    def _holds(self, position: int) -> bool:
        end = self._page[-1].position if self._page else self._start
        return self._start <= position and (position < end or self._ended is self._look_again)

    async def _read(self, position: int) -> None:
        look = self._look_again
        async with self._pool.connection() as db:
            found = await documents(db, position, PAGE)
        self._start = position
        self._page = entries(found, self._codec)
        self._ended = look if len(found) < PAGE else None
