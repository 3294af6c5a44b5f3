"""`ecommerce status`: how each service is, and how much waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import click
import msgspec
import psycopg
from psycopg import AsyncConnection
from rich.table import Table

from ecommerce.bus import topology
from ecommerce.cli import readiness
from ecommerce.cli.progress import console
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Value
from ecommerce.sandbox import folder, servers, stack, supervisor
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.supervisor import NotSupervised

FIGURES: Final = """select
    (select count(*) from events),
    (select count(*) from events where notification_id > (select position from relay)),
    (select count(*) from parked)"""
UNKNOWN: Final = (None, None, None)


class Status(Value, frozen=True):
    """How one process is; the figures are its context's, `None` where they can't be had."""

    service: str
    pid: int | None
    state: str
    ready: bool
    missing: str
    events: int | None = None
    """In the context's log."""
    relay_lag: int | None = None
    """Events that are recorded and not yet published."""
    queued: int | None = None
    """Messages in the context's queues, handled or waiting."""
    parked: int | None = None
    """Messages that could not be handled: rows, and what the broker gave up."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(*, as_json: bool) -> None:
    """Tell how each service is.

    Whether it is ready, the events in its log, and what waits. Exits 1 unless all are ready.
    """
    run = folder.load_made(folder.locate())
    try:
        states = {state.name: state for state in supervisor.states(run.folder)}
    except NotSupervised as error:
        raise click.ClickException("Nothing is running: `ecommerce up` starts it.") from error
    found = asyncio.run(_collect(run, states))
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _print(found)
    raise SystemExit(not all(each.ready for each in found))


async def _collect(run: Run, states: Mapping[str, supervisor.State]) -> list[Status]:
    secrets = folder.passwords(run.folder)
    depths = await _depths(servers.management_url(run, secrets))
    found = []
    for instance in stack.instances(run):
        state = states[instance.name]
        missing = await asyncio.to_thread(readiness.lacking, instance)
        process = (instance.name, state.pid or None, state.state.lower(), not missing, missing)
        found.append(Status(*process, *await _figures(run, secrets, instance.service, depths)))
    return found


async def _figures(
    run: Run, secrets: Mapping[str, str], service: str, depths: Mapping[str, int] | None
) -> tuple[int | None, ...]:
    if service not in CONTEXTS:
        return ()
    events, lag, parked = await _counted(servers.database_url(run, secrets, service))
    if depths is None:
        return events, lag, None, parked
    member = CONTEXTS[service].member
    queued = sum(depths.get(topology.queue(service, n), 0) for n in range(member.queues))
    given_up = depths.get(topology.parked(service), 0)
    return events, lag, queued, None if parked is None else parked + given_up


async def _counted(url: str) -> tuple[int | None, int | None, int | None]:
    try:
        async with await AsyncConnection.connect(url, connect_timeout=5) as db:
            cursor = await db.execute(FIGURES)
            return await cursor.fetchone() or UNKNOWN
    except psycopg.Error:
        return UNKNOWN


async def _depths(management: str) -> dict[str, int] | None:
    queues = f"{management}/api/queues/{topology.VHOST}"
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        async with aiohttp.request("GET", queues, timeout=timeout, raise_for_status=True) as answer:
            found: list[dict[str, Any]] = await answer.json()
    except (aiohttp.ClientError, TimeoutError):
        return None
    return {queue["name"]: queue.get("messages", 0) for queue in found}


def _print(found: list[Status]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("service", "pid", "ready", "events", "relay lag", "queued", "parked"):
        table.add_column(heading, justify="left" if heading in {"service", "ready"} else "right")
    for each in found:
        ready = "yes" if each.ready else f"no: {each.missing}"
        figures = (each.events, each.relay_lag, each.queued, each.parked)
        shown = ("" if figure is None else str(figure) for figure in figures)
        table.add_row(each.service, str(each.pid or "-"), ready, *shown)
    console.print(table)
