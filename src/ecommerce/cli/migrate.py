"""`ecommerce migrate`: brings databases to the schema that this code knows."""

from __future__ import annotations

import os

import click
import psycopg

from ecommerce.cli.progress import say
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder, stack
from ecommerce.store.migrate import WrongSchema
from ecommerce.store.migrate import migrate as bring_up_to_date


@click.command()
def migrate() -> None:
    """Bring every context's database up to date, or only that of DATABASE_URL."""
    for name, url in _databases().items():
        try:
            steps = bring_up_to_date(url)
        except (WrongSchema, psycopg.OperationalError) as error:
            raise click.ClickException(f"{name}: {error}") from error
        say(f"{name}: {', '.join(steps) or 'up to date'}")


def _databases() -> dict[str, str]:
    if url := os.environ.get("DATABASE_URL"):
        return {"the database": url}
    run = folder.load_made(folder.locate())
    secrets = folder.passwords(run.folder)
    return {context: stack.database_url(run, secrets, context) for context in CONTEXTS}
