"""Builds one context's running service: the only wiring."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import psycopg
import structlog
import uvloop

from ecommerce.api import health
from ecommerce.api.app import application
from ecommerce.api.server import is_loopback, serve_http
from ecommerce.bus.connection import OUTAGES, pauses, wait
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.history import newest, read_history
from ecommerce.bus.redrive import Redrive
from ecommerce.bus.relay import Relay, leader
from ecommerce.config import Settings, read
from ecommerce.contexts import CONTEXTS, Context
from ecommerce.kernel import Decider, Event, Value
from ecommerce.projections.reader import Reader
from ecommerce.projections.runner import Projector
from ecommerce.store import log
from ecommerce.store.calls import Call, CallWorker
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import MOST_CONNECTIONS, ROOM, Pool, pool
from ecommerce.store.discards import Discarding
from ecommerce.store.keys import prune
from ecommerce.store.migrate import expect_schema
from ecommerce.store.timers import Ticker
from ecommerce.store.unit import Answer, LoopStopped, Unit
from ecommerce.telemetry import set_up

CONNECTIONS: Final = 3
"""In the pool; with the loop's, the relay's three and the projector's that makes the most."""

DAY: Final = 86_400.0

Part: TypeAlias = Coroutine[Any, Any, None]

_log = structlog.get_logger()


def serve(name: str) -> None:
    """Run a context's service until it is told to stop.

    Raises `ConfigError`, and `WrongSchema` where the database was made for other code.
    """
    settings = read(Settings)
    set_up(name, settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(CONTEXTS[name], settings))


async def _run(context: Context, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(context, settings, stop)


async def run(context: Context, settings: Settings, stop: asyncio.Event) -> None:
    """Run a context's service until `stop` is set. Raises `WrongSchema`."""
    async with pool(settings.database_url, size=CONNECTIONS) as database:
        await _expect_schema(database, stop)
        async with context.calls(settings) as handlers:
            await _serve(context, settings, database, handlers, stop)


async def _expect_schema(database: Pool, stop: asyncio.Event) -> None:
    waits = pauses()
    while not stop.is_set():
        try:
            await expect_schema(database)
            await _look_for_room(database)
        except psycopg.OperationalError as error:
            _log.warning("service.waits_for_database", error=str(error))
            await wait(stop, next(waits))
        else:
            return


async def _look_for_room(database: Pool) -> None:
    async with database.connection() as connection:
        ((room,),) = await (await connection.execute(ROOM)).fetchall()
    if room < MOST_CONNECTIONS:
        _log.warning(
            "service.few_connections",
            left=room,
            needed=MOST_CONNECTIONS,
            advice="raise PostgreSQL's max_connections, or run fewer instances",
        )


async def _serve(
    context: Context,
    settings: Settings,
    database: Pool,
    handlers: Mapping[type[Event], Call],
    stop: asyncio.Event,
) -> None:
    place = Place(context, settings, database, f"{socket.gethostname()}-{os.getpid()}")
    reading = ReadSide(place)
    deciding = (
        WriteSide(place, context.decider, handlers, reading.wake) if context.decider else None
    )
    submit = deciding.loop.submit if deciding else _refuse
    routers = context.routes(submit, reading.reader.read, settings)
    checks = partial(_checks, reading, deciding)
    app = application(context.name, [*routers, health.router(checks)])
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(part) for part in reading.parts()]
        if deciding:
            running += [tasks.create_task(part) for part in deciding.parts()]
        await serve_http(
            app, settings.http_host, settings.http_port, stop, partial(_say, settings.http_host)
        )
        if deciding:
            await deciding.drain()
        for task in running:
            task.cancel()
    _log.info("service.stopped")


def _say(host: str, port: int) -> None:
    _log.info("service.listens", host=host, port=port, trusts_every_caller=True)
    if not is_loopback(host):
        _log.warning("service.open_to_others", why="every caller is believed: X-Caller is no proof")


async def _refuse(_: Unit) -> Answer:
    raise LoopStopped("This service decides nothing.")


async def _checks(reading: ReadSide, deciding: WriteSide | None) -> dict[str, bool | str]:
    written = await deciding.checks() if deciding else {}
    return {"schema": True, **written, **await reading.checks()}


class Place(Value, frozen=True):
    """Whose process this is, what it was told, and its name among the running instances."""

    context: Context
    settings: Settings
    database: Pool
    instance: str


class ReadSide:
    """The projections of a process and who reads them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        context, settings = place.context, place.settings
        name = f"{context.name} projections {place.instance}"
        history = partial(read_history, settings.amqp_url, name=name)
        self._projector = Projector(
            context.name, context.projections, place.database, settings.database_url, history
        )
        self.wake = self._projector.wake
        self.reader = Reader(place.database, context.projections)
        self._at_start: dict[str, int] | None = None

    def parts(self) -> list[Part]:
        """List what runs in the background."""
        return [self._projector.run(), self._look_ahead()]

    async def checks(self) -> dict[str, bool | str]:
        """Say of each projection whether it holds all that there was when the process began."""
        if self._at_start is None:
            return {"projections": "the heads of the logs are not known yet"}
        return await self._projector.checks(self._at_start)

    async def _look_ahead(self) -> None:
        waits = pauses()
        while self._at_start is None:
            try:
                self._at_start = await self._heads()
            except OUTAGES as error:
                _log.warning("service.waits_for_heads", error=repr(error))
                await asyncio.sleep(next(waits))

    async def _heads(self) -> dict[str, int]:
        context, settings = self._place.context, self._place.settings
        heads = await newest(settings.amqp_url, context.member.histories)
        async with self._place.database.connection() as connection:
            return {**heads, context.name: await log.head(connection)}


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

    def _on_commit(self) -> None:
        self._committed.set()
        self._called.set()
        self._wake_projections()

    async def _prune(self) -> None:
        while True:
            try:
                await prune(self._place.database)
            except psycopg.Error as error:
                _log.warning("service.keys_not_pruned", error=str(error))
            await asyncio.sleep(DAY)
