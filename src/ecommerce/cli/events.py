"""The event logs as people read them: one line an event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import click
import psycopg
from psycopg import AsyncConnection

from ecommerce.cli.progress import say
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder, servers
from ecommerce.sandbox.folder import Run
from ecommerce.store import log
from ecommerce.store.envelope import Envelope, open_envelope

POLL: Final = 0.3
PAGE: Final = 500
WRITERS: Final = [name for name, context in CONTEXTS.items() if context.decider]
"""The contexts that have a log."""


@click.group()
def events() -> None:
    """Look into the event logs."""


@events.command()
@click.argument("context", nargs=-1, type=click.Choice(WRITERS))
@click.option("-n", "count", type=click.IntRange(0), default=20, help="How many of the last ones.")
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on with new ones until Ctrl-C.")
def tail(context: tuple[str, ...], count: int, *, follows: bool) -> None:
    """Print the last events, one a line: time, service, event, stream, cause."""
    urls = logs(folder.load_made(folder.locate()), context or tuple(WRITERS))
    try:
        asyncio.run(_tail(urls, count, follows=follows))
    except KeyboardInterrupt:
        return


def logs(run: Run, contexts: tuple[str, ...] = tuple(WRITERS)) -> dict[str, str]:
    """Return where each context's log is."""
    secrets = folder.passwords(run.folder)
    return {context: servers.database_url(run, secrets, context) for context in contexts}


async def _tail(urls: Mapping[str, str], count: int, *, follows: bool) -> None:
    heads = {}
    found: list[Envelope] = []
    for context, url in urls.items():
        async with await AsyncConnection.connect(url, autocommit=True) as db:
            heads[context] = await log.head(db)
            found += [each for _, each in await _page(db, max(0, heads[context] - count), count)]
    found.sort(key=lambda envelope: envelope.time)
    for envelope in found[max(0, len(found) - count) :]:
        say(line(envelope))
    if follows:
        await asyncio.gather(*(follow(url, heads[name]) for name, url in urls.items()))


async def follow(url: str, after: int | None = None) -> None:
    """Print the events of a log from a position on, or the new ones, for ever."""
    while True:
        try:
            async with await AsyncConnection.connect(url, autocommit=True) as db:
                after = await log.head(db) if after is None else after
                while True:
                    after = await _print_new(db, after)
                    await asyncio.sleep(POLL)
        except psycopg.OperationalError:
            await asyncio.sleep(POLL)  # the server is away: its log goes on when it is back


async def _print_new(db: AsyncConnection[Any], after: int) -> int:
    for position, envelope in await _page(db, after, PAGE):
        say(line(envelope))
        after = position
    return after


async def _page(db: AsyncConnection[Any], after: int, limit: int) -> list[tuple[int, Envelope]]:
    page = await log.read(db, after, limit)
    return [(each.position, open_envelope(each.document)) for each in page]


def line(event: Envelope) -> str:
    """Tell an event in one line, without its data, which may be personal."""
    at = event.time.strftime("%H:%M:%S.%f")[:-3]
    return f"{at}  {event.source:<13} {event.type:<24} {event.id} <- {event.causationid}"
