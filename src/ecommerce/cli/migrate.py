"""`ecommerce migrate`: brings databases to the schema that this code knows."""

from __future__ import annotations

import os

import click

from ecommerce.cli.progress import say
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder, servers
from ecommerce.store.migrate import migrate as bring_up_to_date


@click.command()
def migrate() -> None:
    """Bring the databases up to date.

    Those of all contexts, or only the one of DATABASE_URL.
    """
    for name, url in _databases().items():
        steps = bring_up_to_date(url)
        say(f"{name}: {', '.join(steps) or 'up to date'}")


def _databases() -> dict[str, str]:
    if url := os.environ.get("DATABASE_URL"):
        return {"the database": url}
    run = folder.load_made(folder.locate())
    secrets = folder.passwords(run.folder)
    return {context: servers.database_url(run, secrets, context) for context in CONTEXTS}
