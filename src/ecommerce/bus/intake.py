"""One queue as one instance consumes it: a channel of its own, and a lane for each key."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import DeliveredMessage

from ecommerce.bus.acknowledging import Acknowledging
from ecommerce.bus.connection import wait
from ecommerce.bus.inbox import Inbox
from ecommerce.bus.lanes import Lanes
from ecommerce.bus.message import Received, Unreadable, read
from ecommerce.faults import reach

PREFETCH: Final = 200
"""How many messages of a queue are in hand at once.

RabbitMQ counts them, it cannot limit their bytes. An order of 2,000 lines, the largest event there
is, has some 300 kB: 60 MB at the very worst, for each queue of an instance's share.
"""

_DRAIN: Final = 12.0
"""Seconds that running messages get to end in: a little more than their units' patience."""

_log = structlog.get_logger()


class Intake:
    """A queue being consumed. `lost` says that the broker has ended that by itself."""

    def __init__(
        self, queue: str, channel: AbstractChannel, acknowledging: Acknowledging, inbox: Inbox
    ) -> None:
        self._queue = queue
        self._channel = channel
        self._acknowledging = acknowledging
        self._inbox = inbox
        self._lanes = Lanes()
        self._running = 0
        self._idle = asyncio.Event()
        self._closing = asyncio.Event()
        self.lost = False

    async def close(self) -> None:
        """Let running messages finish, then give the queue up; the broker keeps all others.

        The consumer is never cancelled: the next one would begin while messages are running here.
        """
        self._closing.set()
        if self._running:
            self._idle.clear()
            await wait(self._idle, _DRAIN)
        await self._acknowledging.flush()
        await self._channel.close()

    async def receive(self, message: DeliveredMessage) -> None:
        """Deal with one message. Called in the order of delivery, which the lanes keep."""
        tag = message.delivery_tag or 0
        self._acknowledging.take(tag)
        try:
            received = read(
                message.body, message.header.properties, message.exchange, message.routing_key
            )
        except Unreadable as error:
            _log.error("message.unreadable", queue=self._queue, reason=str(error))
            await self._reject(tag)
        else:
            await self._handle(tag, received)

    async def _reject(self, tag: int) -> None:
        try:
            await self._acknowledging.reject(tag)
        except (AMQPError, ChannelInvalidStateError) as error:
            # The channel is gone, and with it the delivery: the message comes again.
            _log.info("message.unsettled", queue=self._queue, error=repr(error))

    async def _handle(self, tag: int, received: Received) -> None:
        async with self._lanes.of(received.key):
            if self._closing.is_set():
                return
            self._running += 1
            try:
                if await self._inbox.take(received, self._closing):
                    reach("consumer.committed")
                    self._acknowledging.finish(tag)
            finally:
                self._running -= 1
                if not self._running:
                    self._idle.set()

    def lose(self, *_: Any) -> None:
        """Note that the channel or its consumer is gone."""
        self.lost = True


async def open_intake(connection: AbstractConnection, queue: str, inbox: Inbox) -> Intake:
    """Begin to consume a queue."""
    channel = await connection.channel()
    await channel.set_qos(PREFETCH)
    # The channel below tells no more of a message than we ask for, at half the price.
    below = await channel.get_underlay_channel()
    acknowledging = Acknowledging(below)
    intake = Intake(queue, channel, acknowledging, inbox)
    channel.close_callbacks.add(acknowledging.abandon)
    channel.close_callbacks.add(intake.lose)
    below.on_consumer_cancel_callbacks.add(intake.lose)
    await below.basic_consume(queue, intake.receive)
    return intake
