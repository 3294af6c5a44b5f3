"""Runs the projections of one context: from its own log, and from the histories of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Final, TypeAlias

import structlog

from ecommerce.projections.election import lead
from ecommerce.projections.feed import Feed, Page, Stopped
from ecommerce.projections.generations import Progress, prepare, progress
from ecommerce.projections.projection import Projection, sources
from ecommerce.projections.table import Table
from ecommerce.store.connection import Pool

History: TypeAlias = Callable[[str, int], AsyncGenerator[Page, None]]
"""Reads a context's history after a position, for ever: pages of positions and documents."""

PAGE: Final = 1000
"""How many events are folded in one transaction, some 20 ms of work for this process."""

POLL_SECONDS: Final = 0.15
"""How long an event of another process of the context can stay unseen."""

PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between one failure and the next try; the last is repeated."""

HEALTHY_SECONDS: Final = 10.0
"""What has run for so long is not failing again, but for the first time."""

_READ: Final = """
select notification_id, state from events
where notification_id > %s order by notification_id limit %s
"""

_log = structlog.get_logger()


class HistoryEnded(Exception):
    """A history has no end; the broker took it away."""


class Projector:
    """Keeps the read models of one context up to date, in one of its processes at a time."""

    def __init__(
        self,
        context: str,
        projections: Sequence[Projection],
        pool: Pool,
        url: str,
        history: History,
    ) -> None:
        self._context = context
        self._projections = projections
        self._pool = pool
        self._url = url
        self._history = history
        self._feeds: list[Feed] = []

    @property
    def leading(self) -> bool:
        """Tell whether this process is the one that runs them."""
        return bool(self._feeds)

    @property
    def positions(self) -> dict[tuple[str, str], int]:
        """Tell how far this process has read, by projection and source; nothing if not leading."""
        return {(feed.projection.NAME, feed.source): feed.position for feed in self._feeds}

    def wake(self) -> None:
        """Say that this process has committed events: read them now rather than soon."""
        for feed in self._feeds:
            feed.woken.set()

    async def progress(self) -> list[Progress]:
        """Tell how far each projection is, whichever process runs it, and which have stopped."""
        return await progress(self._pool, self._projections)

    async def caught_up(self, heads: Mapping[str, int]) -> bool:
        """Tell whether the rows hold each source's log up to `heads`, but for what has stopped."""
        reached = await self.progress()
        expected = sum(len(sources(each)) for each in self._projections)
        return len(reached) == expected and all(
            each.error or each.position >= heads.get(each.source, 0) for each in reached
        )

    async def run(self) -> None:
        """Run for ever, through any failure of the database or the broker, until cancelled."""
        if self._projections:
            await _insist(self._lead, context=self._context)

    async def _lead(self) -> None:
        generations = await prepare(self._pool, self._projections)
        tables = [Table(each, generations[each.NAME]) for each in self._projections]
        await lead(self._url, partial(self._run_feeds, tables))

    async def _run_feeds(self, tables: Sequence[Table]) -> None:
        self._feeds = [
            Feed(table, source, self._pool)
            for table in tables
            for source in sources(table.projection)
        ]
        try:
            async with asyncio.TaskGroup() as running:
                for feed in self._feeds:
                    running.create_task(self._run_feed(feed))
            await asyncio.Future()  # all have stopped: another process could not take them either
        finally:
            self._feeds = []

    async def _run_feed(self, feed: Feed) -> None:
        own = feed.source == self._context
        follow = partial(self._follow_log if own else self._follow_history, feed)
        names = {"projection": feed.projection.NAME, "source": feed.source}
        try:
            await _insist(follow, **names)
        except Stopped as reason:
            _log.error("projection.stopped", reason=str(reason), exc_info=reason, **names)
            await _insist(partial(feed.stop, reason), **names)

    async def _follow_log(self, feed: Feed) -> None:
        await feed.resume()
        while True:
            feed.woken.clear()
            page = await self._read(feed.position)
            if page:
                await feed.fold(page)
            if len(page) < PAGE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(feed.woken.wait(), POLL_SECONDS)

    async def _read(self, after: int) -> Page:
        async with self._pool.connection() as db:
            cursor = await db.execute(_READ, (after, PAGE), binary=True)
            page: Page = await cursor.fetchall()
            return page

    async def _follow_history(self, feed: Feed) -> None:
        async with aclosing(self._history(feed.source, await feed.resume())) as pages:
            async for page in pages:
                news = [event for event in page if event[0] > feed.position]
                if news:
                    await feed.fold(news)
        raise HistoryEnded(feed.source)


async def _insist(work: Callable[[], Awaitable[None]], **names: str) -> None:
    """Do it until it is done, however often it fails. Raises `Stopped`, where that is no use."""
    clock = asyncio.get_running_loop().time
    failures = 0
    while True:
        began = clock()
        try:
            return await work()
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the events are still there
            failures = 1 if clock() - began > HEALTHY_SECONDS else failures + 1
            pause = PAUSES[min(failures, len(PAUSES)) - 1]
            _log.warning("projections.interrupted", error=repr(error), pause=pause, **names)
            await asyncio.sleep(pause)
