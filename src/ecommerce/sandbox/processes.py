"""The processes of a run, found by the mark in their environment whoever started them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

POLL: Final = 0.1
MARK: Final = "ECOMMERCE_SUPERVISED"
"""The variable that each process of a run has, with the run folder as its value."""


def of_run(folder: Path) -> list[psutil.Process]:
    """List the processes of the run that is in this folder."""
    return [process for process in psutil.process_iter() if _belongs(process, folder)]


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.environ().get(MARK) == str(folder):
            return process.status() != psutil.STATUS_ZOMBIE
        # PostgreSQL's processes write their titles over their environment.
        return process.name() == "postgres" and process.cwd() == str(folder / "postgres" / "data")
    except (psutil.Error, OSError):
        return False


def wait_until_gone(
    folder: Path, seconds: float, meanwhile: Callable[[], None] = lambda: None
) -> bool:
    """Wait until the run has no process; false when one is left after that time."""
    deadline = time.monotonic() + seconds
    while of_run(folder):
        if time.monotonic() > deadline:
            return False
        meanwhile()
        time.sleep(POLL)
    return True


def end(folder: Path, patience: float = 10) -> None:
    """End the run's processes, politely and then at once."""
    for process in of_run(folder):
        # PostgreSQL waits for its clients on SIGTERM, not on SIGINT.
        _signal(process, signal.SIGINT if _is_postgres(process) else signal.SIGTERM)
    if wait_until_gone(folder, patience):
        return
    for _ in range(10):  # one that was being started may have been missed
        for process in of_run(folder):
            _signal(process, signal.SIGKILL)
        if wait_until_gone(folder, 1):
            return


def _is_postgres(process: psutil.Process) -> bool:
    try:
        return process.name() == "postgres"
    except psutil.Error:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
