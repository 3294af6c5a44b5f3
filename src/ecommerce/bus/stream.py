"""A context's history as the broker delivers it: the messages of a stream, from an offset on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage

from ecommerce.bus.topology import history

GATHER: Final = 0.1
"""Seconds in which messages are gathered, from the first one on."""

Stream: TypeAlias = asyncio.Queue[DeliveredMessage | None]
"""What is delivered; nothing comes after the first `None`."""


@asynccontextmanager
async def consumed(
    connection: AbstractConnection, source: str, start: int | str, prefetch: int
) -> AsyncIterator[Stream]:
    """Have a context's history delivered from an offset on, `prefetch` messages ahead at most."""
    async with connection.channel() as channel:
        await channel.set_qos(prefetch)
        stream: Stream = asyncio.Queue()
        channel.close_callbacks.add(lambda *_: stream.put_nowait(None))
        # The channel below tells no more of a message than we ask for, at half the price.
        below = await channel.get_underlay_channel()
        below.on_consumer_cancel_callbacks.add(lambda *_: stream.put_nowait(None))
        await below.basic_consume(history(source), stream.put, arguments={"x-stream-offset": start})
        yield stream


async def gather(stream: Stream, most: int) -> list[DeliveredMessage]:
    """Wait for a message, and give it with those that come soon after. Raises as `following`."""
    messages = [await following(stream)]
    with suppress(TimeoutError):
        async with asyncio.timeout(GATHER):
            while len(messages) < most:
                messages.append(await following(stream))
    await take_more(messages[-1])
    return messages


async def take_more(message: DeliveredMessage) -> None:
    """Be done with a message and all before it."""
    # To a stream, an acknowledgement only says that it may send as many again.
    await message.channel.basic_ack(message.delivery_tag or 0, multiple=True)


async def following(stream: Stream) -> DeliveredMessage:
    """Wait for the next message. Raises `ConnectionError` where the broker sends no more."""
    message = await stream.get()
    if message is None:
        raise ConnectionError("the broker has ended the stream")
    return message
