"""Tells whoever waits what is being done: a spinner on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import click
from rich.console import Console
from rich.markup import escape

POLL: Final = 0.1
SILENCE: Final = 10.0
"""Seconds until the same is said again where there is no terminal."""

UNLIMITED: Final = 10_000
"""Columns, where there is no terminal: whoever reads a table there needs all that is in it."""

console: Final = Console(highlight=False, soft_wrap=True)
if not console.is_terminal:
    console.width = UNLIMITED


def say(text: str) -> None:
    """Print a line, unless the terminal is gone: what is being done must be done all the same."""
    with suppress(OSError):
        console.print(text, markup=False)


def wait(for_what: Callable[[], str], seconds: float, advice: str) -> None:
    """Wait until nothing is missing any more, showing what is.

    `for_what` says what is missing, and nothing when all is there. Raises `ClickException` with
    the advice when the time is over.
    """
    deadline, said, again = time.monotonic() + seconds, "", 0.0
    with console.status("") as spinner:
        while missing := for_what():
            now = time.monotonic()
            if now > deadline:
                raise click.ClickException(f"Waited {seconds:.0f} s for {missing}. {advice}")
            spinner.update(f"waiting for {escape(missing)}")
            if not console.is_terminal and (missing != said or now > again):
                say(f"waiting for {missing}")
                said, again = missing, now + SILENCE
            time.sleep(POLL)
