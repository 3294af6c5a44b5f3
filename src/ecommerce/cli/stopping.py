"""Ends a run: nothing of it is left, whatever state it was in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ecommerce.cli.progress import say
from ecommerce.sandbox import processes, supervisor
from ecommerce.sandbox.supervisor import NotSupervised

PATIENCE: Final = 60


def stop(folder: Path, patience: float = 10) -> None:
    """Stop everything: in order where a supervisor is there to do it, else in some seconds."""
    try:
        supervisor.shut_down(folder)
    except NotSupervised:
        pass
    else:
        processes.wait_until_gone(folder, PATIENCE, lambda: supervisor.wake(folder))
    processes.end(folder, patience)


def clear(folder: Path) -> None:
    """End what an earlier run left behind when it was killed."""
    if processes.of_run(folder):
        say("An earlier run was cut off; ending what is left of it ...")
        stop(folder, patience=3)


def is_running(folder: Path) -> bool:
    """Tell whether a run is there with all its programs started."""
    try:
        states = supervisor.states(folder)
    except NotSupervised:
        return False
    return bool(states) and all(state.state != "STOPPED" for state in states)
