"""The processes of a run, found by the mark in their environment whoever started them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

import psutil

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


def wait_until_gone(folder: Path, seconds: float) -> list[psutil.Process]:
    """Wait until the run has no process; return those that are left after that time."""
    _, left = psutil.wait_procs(of_run(folder), timeout=seconds)
    return left and of_run(folder)


def end(folder: Path, patience: float = 4) -> int:
    """End the run's processes, politely and then at once; return how many there were."""
    found = of_run(folder)
    for process in found:
        # PostgreSQL waits for its clients on SIGTERM, not on SIGINT.
        polite = signal.SIGINT if _is_postgres(process) else signal.SIGTERM
        _signal(process, polite)
    wait_until_gone(folder, patience)
    for _ in range(10):  # one that was being started may have been missed
        left = of_run(folder)
        for process in left:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(left, timeout=1)
    return len(found)


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
