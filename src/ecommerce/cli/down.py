"""`ecommerce down` ends a run, `ecommerce reset` forgets its data."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import click

from ecommerce.cli import stopping
from ecommerce.cli.progress import say
from ecommerce.sandbox import folder, processes

OURS: Final = (
    *("postgres", "rabbitmq", "mailbox", "log"),
    *("payments.sqlite*", "secrets.json", "supervisor*", "run.json"),
)


@click.command()
def down() -> None:
    """Stop what `up` started; the data stays."""
    place = folder.locate()
    if not processes.of_run(place):
        say("Nothing is running.")
        return
    stopping.stop(place)
    say("Stopped. The data stays: the next `up` goes on with it.")


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
def reset(*, yes: bool) -> None:
    """Delete all data, after asking.

    Events, queues, mails and payments of this machine's shop. Servers of your own, which were
    named in DATABASE_URL or AMQP_URL, keep theirs.
    """
    place = folder.load_made(folder.locate()).folder
    with folder.locked(place):
        if processes.of_run(place):
            raise click.ClickException("It is running: `ecommerce down` first.")
        if not yes:
            click.confirm(f"Delete all data in {place}?", abort=True)
        _delete(place)
    say("Deleted. The next `up` starts from nothing.")


def _delete(place: Path) -> None:
    # By name: should ECOMMERCE_RUN be somebody's home, nothing else there is touched.
    for entry in (found for name in OURS for found in place.glob(name)):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
