"""A program that runs in the foreground: under the supervisor, or as a test's child."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from signal import Signals
from typing import Any

from ecommerce.kernel import Value


class NotInstalled(Exception):
    """A server's program or its system user is not on this machine, or it does not work."""


class Program(Value, frozen=True):
    """What is run, with its whole environment; nothing else is passed on but PATH and the like."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = {}
    user: str | None = None
    """The system user that it runs as; `None` is whoever starts it."""
    signal: Signals = Signals.SIGTERM
    """What asks it to stop."""
    patience: int = 30
    """Seconds that it gets to stop before it is killed.

    A service needs 5 for its HTTP, 12 for its messages and calls, and 8 for its loop at most.
    """


def start(program: Program, log: Path, marks: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
    """Start the program in a session of its own, its output going to a file."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - a command line of our own
            program.command,
            env={**surroundings(), **marks, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            umask=0o077,
            **run_as(program.user),
        )


def surroundings() -> dict[str, str]:
    """Return what any program may know of the environment it was started from."""
    passed_on = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER")
    return {name: os.environ[name] for name in passed_on if name in os.environ}


def server_user(name: str) -> str | None:
    """Return the user that a server must run as: its own when we are root, else ours.

    Raises `NotInstalled` where the system doesn't have that user.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError as error:
        raise NotInstalled(
            f"There is no system user '{name}', which the server must run as since it refuses root."
            " Install the server from the system's packages."
        ) from error


def run_as(user: str | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run something as this user."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def give(path: Path, user: str | None, mode: int) -> None:
    """Make a file or folder this user's, with this mode."""
    if user is not None:
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    path.chmod(mode)
