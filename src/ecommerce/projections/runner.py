"""Runs the projections of one context: from its own log, and from the histories of others."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from functools import partial
from time import monotonic
from typing import Final, TypeAlias

import structlog

from ecommerce.projections.election import lead
from ecommerce.projections.feed import Feed, Stopped
from ecommerce.projections.generations import Progress, prepare, progress
from ecommerce.projections.log import PAGE, Log, Page, codec, entries
from ecommerce.projections.projection import Projection, sources
from ecommerce.projections.table import Table
from ecommerce.store.connection import Pool
from ecommerce.store.gathering import rest

History: TypeAlias = Callable[[str, int], AsyncGenerator[Sequence[tuple[int, bytes]], None]]
"""Reads a context's history after a position, for ever: pages of positions and documents.

An empty page says that there is more, but that what comes first of it is missing.
"""

PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between one failure and the next try; the last is repeated."""

HEALTHY_SECONDS: Final = 10.0
"""What has run for so long is not failing again, but for the first time."""

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
        self._log = Log(pool, projections)
        self.wake = self._log.wake

    async def progress(self) -> list[Progress]:
        """Tell how far each projection is, whichever process runs it, and which have stopped."""
        return await progress(self._pool, self._projections)

    async def checks(self, heads: Mapping[str, int]) -> dict[str, bool | str]:
        """Say of each projection whether it holds each source's log up to `heads`, or why not."""
        reached = {(each.projection, each.source): each for each in await self.progress()}
        return {
            each.NAME: "; ".join(
                lack
                for source in sources(each)
                if (lack := _lack(source, reached.get((each.NAME, source)), heads))
            )
            or True
            for each in self._projections
        }

    async def run(self) -> None:
        """Run for ever, through any failure of the database or the broker, until cancelled."""
        if self._projections:
            await _insist(self._lead, context=self._context)

    async def _lead(self) -> None:
        generations = await prepare(self._pool, self._projections)
        tables = [Table(each, generations[each.NAME]) for each in self._projections]
        await lead(self._url, partial(self._run_feeds, tables))

    async def _run_feeds(self, tables: Sequence[Table]) -> None:
        feeds = [
            Feed(table, source, self._pool)
            for table in tables
            for source in sources(table.projection)
        ]
        for feed in feeds:
            await feed.resume()
        # Where all have stopped, it still leads: another process could not take them either.
        async with asyncio.TaskGroup() as running:
            running.create_task(self._log.run())
            for feed in feeds:
                if feed.source == self._context:
                    running.create_task(self._run_own(feed))
            for together in _together(each for each in feeds if each.source != self._context):
                running.create_task(self._run_history(together))

    async def _run_own(self, feed: Feed) -> None:
        try:
            await _insist(partial(self._follow_log, feed), **_names(feed))
        except Stopped as reason:
            await _stop(feed, reason)

    async def _run_history(self, feeds: list[Feed]) -> None:
        await _insist(partial(self._follow_history, feeds), **_names(*feeds))

    async def _follow_log(self, feed: Feed) -> None:
        page = await self._log.after(await feed.resume())
        while True:
            if len(page) < PAGE:
                began = monotonic()
                await feed.fold(page)
                await rest(began)
                page = await self._log.after(page[-1].position)
                continue
            # The next page is read while PostgreSQL writes this one.
            following = asyncio.ensure_future(self._log.after(page[-1].position))
            try:
                await feed.fold(page)
                page = await following
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _follow_history(self, feeds: list[Feed]) -> None:
        """Read a history once for all of these feeds, at the pace of the slowest."""
        source, reading = feeds[0].source, codec([feed.projection for feed in feeds])
        start = min([await feed.resume() for feed in feeds])
        async with aclosing(self._history(source, start)) as pages:
            async for page in pages:
                found = entries(page, reading)
                taken = await asyncio.gather(
                    *(_take(feed, found) for feed in feeds), return_exceptions=True
                )
                for feed, failure in zip([*feeds], taken, strict=True):
                    if isinstance(failure, Stopped):
                        feeds.remove(feed)
                        await _stop(feed, failure)
                    elif failure:
                        raise failure
                if not feeds:
                    return
        raise HistoryEnded(source)


def _together(feeds: Iterable[Feed]) -> Iterator[list[Feed]]:
    """Say which feeds read a history together: those of one source that are about as far.

    One that is far behind, as after a change of its rows, reads by itself and holds nobody up.
    """
    by_source: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_source.setdefault(feed.source, []).append(feed)
    for found in by_source.values():
        furthest = max(feed.position for feed in found)
        near = [feed for feed in found if furthest - feed.position <= PAGE]
        yield near
        yield from ([feed] for feed in found if feed not in near)


async def _take(feed: Feed, found: Page) -> None:
    news = [each for each in found if each.position > feed.position]
    if news:
        await feed.fold(news)
    elif not found:
        await feed.note(f"a gap: what follows {feed.source}@{feed.position} is missing")


async def _stop(feed: Feed, reason: Stopped) -> None:
    names = _names(feed)
    _log.error("projection.stopped", reason=str(reason), exc_info=reason, **names)
    await _insist(partial(feed.note, str(reason)), **names)


def _names(*feeds: Feed) -> dict[str, str]:
    names = ", ".join(feed.projection.NAME for feed in feeds)
    return {"projection": names, "source": feeds[0].source}


def _lack(source: str, reached: Progress | None, heads: Mapping[str, int]) -> str | None:
    if reached is None:
        return "not made yet"
    head = heads.get(source, 0)
    behind = f"at {source}@{reached.position} of {head}" if reached.position < head else None
    return reached.error or behind


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
