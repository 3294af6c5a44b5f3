"""Runs the projections of one context: from its own log, and from the histories of others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from ecommerce.projections.election import lead
from ecommerce.projections.feed import Feed
from ecommerce.projections.following import History, follow_history, follow_log, insist
from ecommerce.projections.generations import Progress, prepare, progress
from ecommerce.projections.log import PAGE, Log
from ecommerce.projections.projection import Projection, sources
from ecommerce.projections.table import Table
from ecommerce.store.connection import Pool


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
            await insist(self._lead, context=self._context)

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
                    running.create_task(follow_log(feed, self._log))
            for together in _together(each for each in feeds if each.source != self._context):
                running.create_task(follow_history(together, self._history))


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


def _lack(source: str, reached: Progress | None, heads: Mapping[str, int]) -> str | None:
    if reached is None:
        return "not made yet"
    head = heads.get(source, 0)
    behind = f"at {source}@{reached.position} of {head}" if reached.position < head else None
    return reached.error or behind
