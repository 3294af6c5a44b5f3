"""The broker's topology: write it to its file, compare a broker with it, bring a broker to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from ecommerce.bus import management
from ecommerce.bus.management_api import ManagementError
from ecommerce.bus.topology import Definitions, definitions
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder, servers

FILE = folder.project() / "infra/rabbitmq/definitions.json"

_file = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    envvar="TOPOLOGY_FILE",
    show_default="infra/rabbitmq/definitions.json",
    show_envvar=True,
    help="The definitions, as the broker imports them.",
)


def _console_of_the_run() -> str:
    run = folder.load_made(folder.locate())
    return servers.management_url(run, folder.passwords(run.folder))


_url = click.option(
    "--url",
    default=_console_of_the_run,
    show_default="that of the shop on this machine",
    envvar="RABBITMQ_MANAGEMENT_URL",
    show_envvar=True,
    help="The management API, as http://admin:PASSWORD@127.0.0.1:15672.",
)


@click.group()
def topology() -> None:
    """Exchanges, queues, bindings and rights in RabbitMQ."""


@topology.command()
@_file
def write(file: Path) -> None:
    """Write the file anew from the code."""
    try:
        file.write_bytes(content())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"wrote {file}")


@topology.command()
@_file
@_url
def diff(file: Path, url: str) -> None:
    """Compare the broker with the file; exit 1 where they differ."""
    _tell(_run(_compare(_read(file), url)), "the broker is as the file says")


@topology.command()
@_file
@_url
def apply(file: Path, url: str) -> None:
    """Bring the broker to the file; exit 1 where something differs still.

    Adds what is missing and removes bindings and rights that the file does not name. It never
    removes or changes a queue or an exchange: empty and delete such a one in the console.
    """
    _tell(_run(management.apply(url, _read(file))), "the broker is as the file says now")


def content() -> bytes:
    """Make the file's content from the code."""
    made = definitions(context.member for context in CONTEXTS.values())
    return msgspec.json.format(msgspec.json.encode(made)) + b"\n"


def _read(file: Path) -> Definitions:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Definitions)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from error
    except msgspec.MsgspecError as error:
        message = f"{file} holds no definitions: {error}. `ecommerce topology write` makes it anew."
        raise click.ClickException(message) from error


async def _compare(wanted: Definitions, url: str) -> list[str]:
    return management.diff(wanted, await management.fetch(url, wanted))


def _run(work: Any) -> list[str]:
    try:
        lines: list[str] = asyncio.run(work)
    except ManagementError as error:
        raise click.ClickException(str(error)) from error
    return lines


def _tell(lines: list[str], agreed: str) -> None:
    for line in lines or [agreed]:
        click.echo(line)
    if lines:
        raise SystemExit(1)
