"""The command `ecommerce`: each of its commands is loaded when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click
import psycopg

from ecommerce.bus.management_api import ManagementError
from ecommerce.config import ConfigError
from ecommerce.sandbox.folder import NoFolder
from ecommerce.sandbox.ports import NoPorts
from ecommerce.sandbox.program import NotInstalled
from ecommerce.sandbox.supervisor import NotSupervised
from ecommerce.store.migrate import WrongSchema

COMMANDS: Final = {
    "up": "ecommerce.cli.up:up",
    "down": "ecommerce.cli.down:down",
    "status": "ecommerce.cli.status:status",
    "reset": "ecommerce.cli.down:reset",
    "serve": "ecommerce.cli.serve:serve",
    "migrate": "ecommerce.cli.migrate:migrate",
    "setup": "ecommerce.cli.setup:setup",
    "topology": "ecommerce.cli.topology:topology",
    "asyncapi": "ecommerce.cli.asyncapi:asyncapi",
    "bus": "ecommerce.cli.bus:bus",
    "history": "ecommerce.cli.bus:history",
    "parked": "ecommerce.cli.parked:parked",
    "events": "ecommerce.cli.events:events",
    "orders": "ecommerce.cli.orders:orders",
    "import": "ecommerce.cli.importers.command:imports",
    "torture": "ecommerce.cli.torture.command:torture",
}
"""Name -> where it is, in the order in which help lists them."""

TOLD: Final = (
    ConfigError,
    ManagementError,
    NoFolder,
    NoPorts,
    NotInstalled,
    NotSupervised,
    WrongSchema,
    psycopg.OperationalError,
)
"""The errors whose message is all that whoever called needs."""

NOT_THERE: Final = " The database cannot be used: `ecommerce up` starts it, `status` tells of it."


class Commands(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List all names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; tell what went wrong in one line."""
        try:
            return super().invoke(ctx)
        except TOLD as error:
            hint = NOT_THERE if isinstance(error, psycopg.OperationalError) else ""
            raise click.ClickException(" ".join(str(error).split()) + hint) from error


@click.command(cls=Commands)
@click.version_option(
    package_name="ecommerce", prog_name="ecommerce", message="%(prog)s %(version)s"
)
def main() -> None:
    """Event-sourced e-commerce services that react only to each other's events."""
