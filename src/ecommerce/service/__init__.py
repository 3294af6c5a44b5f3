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
from msgspec.structs import replace
from psycopg.conninfo import make_conninfo

from ecommerce.api import health
from ecommerce.api.app import application
from ecommerce.api.server import is_loopback, serve_http
from ecommerce.bus.connection import pauses, wait
from ecommerce.config import Settings, read
from ecommerce.contexts import CONTEXTS, Context
from ecommerce.kernel import Event
from ecommerce.service.garbage import collect_seldom
from ecommerce.service.place import Place
from ecommerce.service.read_side import ReadSide
from ecommerce.service.write_side import WriteSide
from ecommerce.store.calls import Call
from ecommerce.store.connection import MOST_CONNECTIONS, PROCESSES, Pool, pool
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
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(CONTEXTS[name], settings))


async def _run(context: Context, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(context, settings, stop)


async def run(context: Context, settings: Settings, stop: asyncio.Event) -> None:
    """Run a context's service until `stop` is set. Raises `WrongSchema`."""
    instance = f"{socket.gethostname()}-{os.getpid()}"
    # The server's list of sessions says whose each is, and so how many processes there are.
    url = make_conninfo(
        settings.database_url, application_name=f"{context.name} service {instance}"
    )
    async with pool(url, size=CONNECTIONS) as database:
        await _expect_schema(database, stop)
        async with context.calls(settings) as handlers:
            place = Place(context, replace(settings, database_url=url), database, instance)
            await _serve(place, handlers, stop)


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
        ((processes, room),) = await (await connection.execute(PROCESSES)).fetchall()
    needed = processes * MOST_CONNECTIONS
    if room < needed:
        _log.warning(
            "service.few_connections",
            processes=processes,
            needed=needed,
            room=room,
            advice=f"this process and the others of the shop may need {needed} connections,"
            f" {MOST_CONNECTIONS} each, and PostgreSQL has {room} for them: they would fail under"
            f" load. Raise its max_connections by {needed - room}, or run fewer instances",
        )


async def _serve(place: Place, handlers: Mapping[type[Event], Call], stop: asyncio.Event) -> None:
    context, settings = place.context, place.settings
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
