"""Builds one context's running service: the only wiring."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from functools import partial
from typing import Final

import psycopg
import structlog
import uvloop

from ecommerce.api import health
from ecommerce.api.app import application
from ecommerce.api.server import is_loopback, serve_http
from ecommerce.bus.connection import pauses, wait
from ecommerce.config import Settings, read
from ecommerce.contexts import CONTEXTS, Context
from ecommerce.kernel import Event
from ecommerce.service.place import Place
from ecommerce.service.read_side import ReadSide
from ecommerce.service.write_side import WriteSide
from ecommerce.store.calls import Call
from ecommerce.store.connection import MOST_CONNECTIONS, ROOM, Pool, pool
from ecommerce.store.migrate import expect_schema
from ecommerce.store.unit import Answer, LoopStopped, Unit
from ecommerce.telemetry import set_up

CONNECTIONS: Final = 3
"""In the pool; with the loop's, the relay's three and the projector's that makes the most."""

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
