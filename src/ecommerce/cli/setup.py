"""Prepares empty servers for the shop: databases and their tables, and the broker's definitions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from ecommerce.bus.passwords import render
from ecommerce.bus.topology import ADMIN, definitions
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox.postgres import ensure_database
from ecommerce.store.migrate import WrongSchema, migrate

USERS = (ADMIN, *CONTEXTS)


def variables() -> tuple[str, ...]:
    """Name all that the command reads from the environment."""
    return ("DATABASE_URL", *map(_password, USERS))


@click.command()
@click.option(
    "--definitions",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where to put what RabbitMQ is to import at boot.",
)
def setup(file: Path) -> None:
    """Prepare servers of your own, such as those of compose.yaml.

    Makes each context's role and database, brings its tables up to date, and writes the broker's
    definitions with hashes of the passwords. DATABASE_URL is a superuser's; CATALOG_PASSWORD and so
    on are the contexts' passwords, ADMIN_PASSWORD that of the management console. Run again, it
    does what is missing.
    """
    if missing := [name for name in variables() if not os.environ.get(name)]:
        raise click.ClickException(f"{', '.join(missing)} must be set.")
    passwords = {user: os.environ[_password(user)] for user in USERS}
    try:
        for name in CONTEXTS:
            _database(os.environ["DATABASE_URL"], name, passwords[name])
    except (psycopg.Error, WrongSchema) as error:
        raise click.ClickException(f"The databases are not ready: {error}") from error
    file.write_bytes(rendered(passwords))
    click.echo(f"wrote {file}")


def _database(admin_url: str, name: str, password: str) -> None:
    ensure_database(admin_url, name, password)
    url = make_conninfo(admin_url, user=name, password=password, dbname=name)
    for step in migrate(url):
        click.echo(f"{name}: took {step}")


def rendered(passwords: Mapping[str, str]) -> bytes:
    """Make the broker's definitions with the hashes of these passwords."""
    wanted = definitions(context.member for context in CONTEXTS.values())
    return msgspec.json.format(msgspec.json.encode(render(wanted, passwords)))


def _password(user: str) -> str:
    return f"{user.upper()}_PASSWORD"
