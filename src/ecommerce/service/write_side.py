"""What a service decides and does: its command loop, what feeds it and what follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import psycopg
import structlog

from ecommerce.bus.consumer import Consumer
from ecommerce.bus.election import leader
from ecommerce.bus.redrive import Redrive
from ecommerce.bus.relay import Relay
from ecommerce.kernel import Decider, Event
from ecommerce.service.place import Part, Place
from ecommerce.store.batch import Batch
from ecommerce.store.call_worker import CallWorker
from ecommerce.store.calls import Call
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.discards import Discarding
from ecommerce.store.keys import prune
from ecommerce.store.timers import Ticker

DAY: Final = 86_400.0

_log = structlog.get_logger()


class WriteSide:
    """The command loop of a process and all that feeds it or follows from it."""

    def __init__(
        self,
        place: Place,
        decider: Decider,
        handlers: Mapping[type[Event], Call],
        wake_projections: Callable[[], None],
    ) -> None:
        context, settings = place.context, place.settings
        self._place = place
        self._committed, self._called, self._ready = (asyncio.Event() for _ in range(3))
        self._wake_projections = wake_projections
        self.loop = CommandLoop(
            context.name,
            Discarding(decider),
            settings.database_url,
            calls=context.intents,
            withdraws=context.withdraws,
            timers=dict.fromkeys(context.timers, settings.order_deadline_seconds),
            ends=context.ends,
            pool=place.database,
            on_commit=self._on_commit,
        )
        submit = self.loop.submit
        self._relay = Relay(
            context.name,
            settings.amqp_url,
            settings.database_url,
            place.instance,
            self._committed,
        )
        self._consumer = Consumer(
            context.member, settings.amqp_url, place.database, submit, place.instance
        )
        self._redrive = Redrive(context.member, place.database, submit, place.instance)
        self._worker = CallWorker(
            place.database, submit, handlers, self._called, withdraws=context.withdraws
        )
        self._ticker = Ticker(place.database, submit, context.timers, self._hears_and_is_heard)

    def parts(self) -> list[Part]:
        """List what runs in the background."""
        context = self._place.context
        return [
            self.loop.run(self._ready),
            self._relay.run(),
            self._prune(),
            *([self._consumer.run(), self._redrive.run()] if context.member.queues else ()),
            *([self._worker.run()] if context.intents else ()),
            *([self._ticker.run()] if context.timers else ()),
        ]

    async def checks(self) -> dict[str, bool]:
        """Say what is there of what the write side needs."""
        async with self._place.database.connection() as connection:
            relay = await leader(connection)
        return {
            "loop": self._ready.is_set(),
            "relay": relay is not None,
            **({"consumers": self._is_connected()} if self._place.context.member.queues else {}),
        }

    async def drain(self) -> None:
        """Finish what has begun: messages and calls, then what waits to be recorded."""
        hears = [self._consumer.drain()] if self._place.context.member.queues else []
        await asyncio.gather(self._worker.drain(), *hears)
        await self.loop.stop()

    def _is_connected(self) -> bool:
        return self._consumer.connected

    def _hears_and_is_heard(self) -> bool:
        return self._consumer.connected and self._relay.advancing

    def _on_commit(self, batch: Batch) -> None:
        self._committed.set()
        if batch.calls:
            self._called.set()
        self._wake_projections()

    async def _prune(self) -> None:
        while True:
            try:
                await prune(self._place.database)
            except psycopg.Error as error:
                _log.warning("service.keys_not_pruned", error=str(error))
            await asyncio.sleep(DAY)
