"""Brings a run up: servers first, then databases and their schemas, then every service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from subprocess import Popen
from typing import Final

from click import ClickException
from msgspec.structs import replace

from ecommerce.bus import management, topology
from ecommerce.bus.passwords import render
from ecommerce.bus.topology import Definitions
from ecommerce.cli import readiness
from ecommerce.cli.progress import say, wait
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder, ports, postgres, rabbitmq, servers, stack, supervisor
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.supervisor import NotSupervised
from ecommerce.store.connection import MOST_CONNECTIONS
from ecommerce.store.migrate import migrate

PATIENCE: Final = 120


def plan(kept: Run, scale: dict[str, int], base: int | None) -> Run:
    """Choose the ports of this start: those of the last one, where they are still free."""
    wanted = Run(kept.folder, base or kept.base, scale, **servers.given())
    found = ports.choose_base(wanted.base, stack.used_ports(wanted))
    if found != wanted.base:
        say(f"Port {wanted.base} or one near it is taken; using {found} and up.")
    return replace(wanted, base=found)


def start(run: Run) -> None:
    """Start everything, and wait until all is ready. Raises `ClickException`."""
    folder.keep(run)
    secrets = folder.passwords(run.folder, stack.SECRETS)
    _prepare(run, secrets)
    process = supervisor.launch(run.folder, stack.programs(run, secrets))
    _wait(run, "the supervisor", lambda: _supervised(run, process))
    _start_servers(run, secrets)
    _expect_room(run, postgres.room(servers.database_url(run, secrets, postgres.ADMIN)))
    _migrate(run, secrets)
    _open_broker(run, secrets)
    supervisor.start_program(run.folder, stack.SERVICES)
    wait(lambda: readiness.missing(run), PATIENCE, _advice(run))


def _prepare(run: Run, secrets: dict[str, str]) -> None:
    if not run.database:
        if not (run.folder / "postgres").exists():
            say("Making PostgreSQL's data folder ...")
        postgres.prepare(run.folder / "postgres", secrets[f"postgres:{postgres.ADMIN}"])
    if not run.broker:
        node = stack.node(run)
        rabbitmq.prepare(node, _definitions(secrets))


def _definitions(secrets: dict[str, str]) -> Definitions:
    """Fill the passwords in; the same make the same, so that the broker imports it just once."""
    wanted = topology.definitions(context.member for context in CONTEXTS.values())
    users = (*CONTEXTS, topology.ADMIN)
    return render(wanted, {user: secrets[f"rabbitmq:{user}"] for user in users})


def _start_servers(run: Run, secrets: dict[str, str]) -> None:
    supervisor.start_program(run.folder, stack.OUTSIDE)
    if not run.database:
        supervisor.start_program(run.folder, stack.SERVERS, "postgres")
    if not run.broker:
        supervisor.start_program(run.folder, stack.SERVERS, "epmd")
        _wait_for_port(run, "epmd", run.port(ports.EPMD))
        supervisor.start_program(run.folder, stack.SERVERS, "rabbitmq")
    admin = servers.database_url(run, secrets, postgres.ADMIN)
    _wait(run, "PostgreSQL", lambda: postgres.answers(admin))


def _expect_room(run: Run, room: int) -> None:
    processes = sum(run.scale.get(context, 1) for context in CONTEXTS)
    needed = processes * MOST_CONNECTIONS
    if room < needed:
        raise ClickException(
            f"PostgreSQL takes {room} more connections, and {processes} processes of this shop"
            f" may need {needed}, {MOST_CONNECTIONS} each: they would fail under load. Raise the"
            f" server's max_connections by {needed - room}, or start fewer instances with --scale."
        )


def _open_broker(run: Run, secrets: dict[str, str]) -> None:
    """Wait for the broker, and bring it to the code: an import at boot removes no binding."""
    if not run.broker:
        _wait_for_port(run, "RabbitMQ", run.port(ports.AMQP))
        _wait_for_port(run, "RabbitMQ's management", run.port(ports.MANAGEMENT))
    url = servers.management_url(run, secrets)
    for line in asyncio.run(management.apply(url, _definitions(secrets))):
        say(f"The broker still differs: {line}")


def _migrate(run: Run, secrets: dict[str, str]) -> None:
    admin = servers.database_url(run, secrets, postgres.ADMIN)
    for context in CONTEXTS:
        postgres.ensure_database(admin, context, secrets[f"postgres:{context}"])
        if steps := migrate(servers.database_url(run, secrets, context)):
            say(f"Migrated {context}: {', '.join(steps)}")


def _supervised(run: Run, process: Popen[bytes]) -> bool:
    if process.poll() is not None:
        said = (run.logs / "supervisor.out").read_text(errors="replace").strip()
        raise NotSupervised(f"The supervisor ended at once: {said.splitlines()[-1:]}")
    try:
        return bool(supervisor.states(run.folder))
    except NotSupervised:
        return False


def _wait_for_port(run: Run, name: str, port: int) -> None:
    _wait(run, name, lambda: rabbitmq.answers(port))


def _wait(run: Run, name: str, there: Callable[[], bool]) -> None:
    wait(lambda: "" if there() else name, PATIENCE, _advice(run))


def _advice(run: Run) -> str:
    return f"What each program says stands in {run.logs}."
