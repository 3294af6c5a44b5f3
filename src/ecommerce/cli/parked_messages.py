"""Where the parked messages of a context are: rows of its database, and a queue of the broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import aio_pika
import click
import psycopg
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError

from ecommerce.bus import given_up, parked_asks
from ecommerce.bus.given_up import GivenUp
from ecommerce.bus.parked_rows import Row
from ecommerce.bus.topology import ADMIN
from ecommerce.sandbox import folder, servers
from ecommerce.store.connection import Connection, arguments
from ecommerce.store.envelope import key_of

Message: TypeAlias = Row | GivenUp


@asynccontextmanager
async def database(context: str) -> AsyncIterator[Connection]:
    """Open the context's database of the shop on this machine."""
    run = folder.load_made(folder.locate())
    url = servers.database_url(run, folder.passwords(run.folder), context)
    async with await psycopg.AsyncConnection.connect(url, **arguments()) as db:
        yield db


@asynccontextmanager
async def broker() -> AsyncIterator[AbstractChannel]:
    """Open a channel to the broker of the shop on this machine. Raises `ClickException`."""
    run = folder.load_made(folder.locate())
    url = servers.amqp_url(run, folder.passwords(run.folder), ADMIN)
    try:
        async with await aio_pika.connect(url, timeout=10) as connection:
            yield await connection.channel()
    except (AMQPError, OSError) as error:
        where = servers.without_password(url)
        raise click.ClickException(f"The broker at {where} does not answer: {error!r}") from error


async def listed(context: str) -> list[Message]:
    """List what a context has parked: its rows, in order, then what is in the broker's queue."""
    async with database(context) as db:
        rows = await parked_asks.listed(db)
    async with broker() as channel:
        return [*rows, *await given_up.look(channel, context)]


async def chosen(context: str, wanted: str | None, stream: str | None) -> list[Message]:
    """List the messages of an id's or a stream's key, or all. Raises `ClickException`."""
    messages = await listed(context)
    if wanted is None and stream is None:
        return messages
    key = find(messages, wanted).key if wanted else key_of(stream or "")
    return [each for each in messages if each.key == key]


def find(messages: list[Message], wanted: str) -> Message:
    """Find a message by its id. Raises `ClickException`."""
    for each in messages:
        if str(each.id) == wanted:
            return each
    raise click.ClickException(f"Nothing is parked as {wanted}: `ecommerce parked list` has all.")


async def into_rows(context: str, messages: list[Message]) -> list[Row]:
    """Take what is in the broker's queue out of it into rows; give all of these as rows."""
    numbers = {each.id for each in messages if isinstance(each, Row)}
    if waiting := {each.id for each in messages if isinstance(each, GivenUp)}:
        async with database(context) as db, broker() as channel:
            taken = await given_up.into_rows(channel, context, waiting, db)
        if gone := sorted(waiting - taken.keys()):
            raise click.ClickException(
                f"{', '.join(gone)} left the broker's queue meanwhile, so nothing was asked for."
                " `ecommerce parked list` shows what is parked now."
            )
        numbers |= set(taken.values())
    async with database(context) as db:
        return [row for row in await parked_asks.listed(db) if row.id in numbers]
