"""Has feeds follow a log or a history, through any failure, until they cannot go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from time import monotonic
from typing import Final, TypeAlias

import structlog

from ecommerce.projections.feed import Feed, Stopped
from ecommerce.projections.log import PAGE, Log, Page, codec, entries
from ecommerce.store.gathering import rest

History: TypeAlias = Callable[[str, int], AsyncGenerator[Sequence[tuple[int, bytes]], None]]
"""Reads a context's history after a position, for ever: pages of positions and documents.

An empty page says that there is more, but that what comes first of it is missing.
"""

PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between one failure and the next try; the last is repeated."""

REST: Final = 3
"""How many times as long as it folded a feed rests: no order waits for a read model."""

HEALTHY_SECONDS: Final = 10.0
"""What has run for so long is not failing again, but for the first time."""

_log = structlog.get_logger()


class HistoryEnded(Exception):
    """A history has no end; the broker took it away."""


async def follow_log(feed: Feed, log: Log) -> None:
    """Have a feed fold its context's own log, for ever or until it stops at an event."""

    async def follow() -> None:
        page = await log.after(await feed.resume())
        while True:
            page = await (_fold_all if len(page) == PAGE else _fold_news)(feed, log, page)

    try:
        await insist(follow, **_names(feed))
    except Stopped as reason:
        await _stop(feed, reason)


async def _fold_news(feed: Feed, log: Log, page: Page) -> Page:
    """Fold what is new, and give the page that follows."""
    began = monotonic()
    await feed.fold(page)
    await rest(began, REST)
    return await log.after(page[-1].position)


async def _fold_all(feed: Feed, log: Log, page: Page) -> Page:
    """Fold a full page, and give the one that follows."""
    writing = asyncio.Event()

    async def read_on() -> Page:
        # Not sooner: what it takes to decode a page is had for nothing while PostgreSQL writes one.
        await writing.wait()
        return await log.after(page[-1].position)

    following = asyncio.create_task(read_on())
    try:
        await feed.fold(page, writing)
        return await following
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def follow_history(feeds: list[Feed], history: History) -> None:
    """Have feeds of one source fold its history, for ever or until all have stopped.

    It is read once for all of them, at the pace of the slowest.
    """
    await insist(partial(_follow_history, feeds, history), **_names(*feeds))


async def _follow_history(feeds: list[Feed], history: History) -> None:
    source, reading = feeds[0].source, codec([feed.projection for feed in feeds])
    start = min([await feed.resume() for feed in feeds])
    async with aclosing(history(source, start)) as pages:
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


async def _take(feed: Feed, found: Page) -> None:
    news = [each for each in found if each.position > feed.position]
    if news:
        await feed.fold(news)
    elif not found:
        await feed.note(f"a gap: what follows {feed.source}@{feed.position} is missing")


async def _stop(feed: Feed, reason: Stopped) -> None:
    names = _names(feed)
    _log.error("projection.stopped", reason=str(reason), exc_info=reason, **names)
    await insist(partial(feed.note, str(reason)), **names)


def _names(*feeds: Feed) -> dict[str, str]:
    names = ", ".join(feed.projection.NAME for feed in feeds)
    return {"projection": names, "source": feeds[0].source}


async def insist(work: Callable[[], Awaitable[None]], **names: str) -> None:
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
