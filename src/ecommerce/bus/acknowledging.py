"""Acknowledges what is done: as one where nothing before it is still in hand."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import AbstractChannel

_log = structlog.get_logger()


class Acknowledging:
    """The messages of one channel that are in hand, by their delivery tags.

    What is committed together is done in the same instant, and goes in the same frame. A message
    that takes longer holds none of the others back.
    """

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel
        self._done: dict[int, bool] = {}
        """By tag, in the order of delivery."""
        self._sending: asyncio.Task[None] | None = None

    def take(self, tag: int) -> None:
        """Take a message in hand. Called in the order of delivery."""
        self._done[tag] = False

    def finish(self, tag: int) -> None:
        """Acknowledge a message, soon."""
        self._done[tag] = True
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def reject(self, tag: int) -> None:
        """Give a message up, as one that nobody can handle."""
        await self._channel.basic_reject(tag, requeue=False)
        self._done.pop(tag)

    async def flush(self) -> None:
        """Wait until all that is done is acknowledged, or the channel is gone."""
        if self._sending:
            await asyncio.wait([self._sending])

    def abandon(self, *_: Any) -> None:
        """Note that the channel is gone, and with it the deliveries: the messages come again."""
        if self._sending:
            self._sending.cancel()

    async def _send(self) -> None:
        try:
            while due := self._due():
                for tag, multiple in due:
                    await self._channel.basic_ack(tag, multiple=multiple, wait=False)
        except (AMQPError, ChannelInvalidStateError) as error:
            _log.info("messages.unacknowledged", error=repr(error))
        finally:
            self._sending = None

    def _due(self) -> list[tuple[int, bool]]:
        """List the tags to acknowledge; the first for all before it too, where none is in hand."""
        done = [tag for tag, is_done in self._done.items() if is_done]
        for tag in done:
            del self._done[tag]
        if not done:
            return []
        oldest = next(iter(self._done), done[-1] + 1)
        before = [tag for tag in done if tag < oldest]
        after = [(tag, False) for tag in done[len(before) :]]
        return [(before[-1], True), *after] if before else after
