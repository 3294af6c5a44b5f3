"""After a broker was lost: what its relays have published goes out again, from the logs."""

from __future__ import annotations

import asyncio

import click
from aio_pika.exceptions import AMQPError
from psycopg import AsyncConnection

from ecommerce.bus.republish import republish as set_back
from ecommerce.bus.republish import restore as restore_one
from ecommerce.bus.topology import ADMIN
from ecommerce.cli.events import WRITERS, logs
from ecommerce.cli.progress import say
from ecommerce.sandbox import folder, servers


@click.group()
def bus() -> None:
    """Publish again what the broker has lost."""


@bus.command()
@click.argument("context", type=click.Choice(WRITERS))
@click.option(
    "--from",
    "start",
    type=click.IntRange(1),
    default=1,
    show_default="1, all there is",
    help="A position in the context's log: from this event on.",
)
@click.option("--url", help="The context's database; that of the shop on this machine by default.")
def republish(context: str, start: int, url: str | None) -> None:
    """Publish a context's events again. Safe at any time.

    Whoever has handled an event already does nothing about it: consumers know its key for 90 days,
    projections know its position.
    """
    count = asyncio.run(_republish(context, start, url or _log(context)))
    say(f"{context} publishes {count} events again, from {context}@{start} on.")


@click.group()
def history() -> None:
    """Look after the streams that keep what each context ever published."""


@history.command()
@click.argument("context", nargs=-1, type=click.Choice(WRITERS))
def restore(context: tuple[str, ...]) -> None:
    """Find where histories are broken or empty, and publish again from there.

    Of all contexts, or of these. It reads the histories from their start, about 5,000 events a
    second.
    """
    run = folder.load_made(folder.locate())
    amqp_url = servers.amqp_url(run, folder.passwords(run.folder), ADMIN)
    for name in context or WRITERS:
        try:
            count = asyncio.run(_restore(name, _log(name), amqp_url))
        except (AMQPError, OSError) as error:
            raise click.ClickException(f"The broker does not answer: {error!r}") from error
        say(f"{name}: {f'publishes {count} events again' if count else 'holds everything'}")


def _log(context: str) -> str:
    return logs(folder.load_made(folder.locate()), (context,))[context]


async def _republish(context: str, start: int, url: str) -> int:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await set_back(connection, context, start)


async def _restore(context: str, url: str, amqp_url: str) -> int:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await restore_one(connection, context, amqp_url)
