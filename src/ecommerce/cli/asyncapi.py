"""The description of all events, for services in other languages: print it, or write its file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import msgspec

from ecommerce.bus.asyncapi.document import document
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder

FILE: Final = folder.project() / "docs/asyncapi.json"


@click.group()
def asyncapi() -> None:
    """Describe all events, for services in other languages (AsyncAPI)."""


@asyncapi.command()
def show() -> None:
    """Print the document, as the gateway gives it at /asyncapi.json."""
    click.echo(content(), nl=False)


@asyncapi.command()
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    show_default="docs/asyncapi.json",
    help="Where it goes.",
)
def write(file: Path) -> None:
    """Write the file anew from the code."""
    try:
        file.write_bytes(content())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"wrote {file}")


def content() -> bytes:
    """Make the file's content from the code."""
    made = document(context.member for context in CONTEXTS.values())
    return msgspec.json.format(msgspec.json.encode(made)) + b"\n"
