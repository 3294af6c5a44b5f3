"""Processes of a run, killed with SIGKILL while an import goes on."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil

from running_shop import ECOMMERCE, RunningShop

SUPERVISOR = "supervisor"
IMPORTER = "importer"
SESSION = re.compile(r"postgres: .* \S+\(\d+\)")
"""How PostgreSQL titles a session: by its user, its database and its client's address."""


class Importing:
    """The importer as a process, which is begun again, as it tells people to, until it is done."""

    def __init__(self, shop: RunningShop, files: Iterable[Path]) -> None:
        self._shop = shop
        self._command = [str(ECOMMERCE), "import", "online-retail", *map(str, files), "--json"]
        self._said, self._complained = shop.place / "import.json", shop.place / "import.err"
        self.begun = 0
        self.failures: list[str] = []
        """What it said where it failed by itself."""
        self._begin()

    def _begin(self) -> None:
        self.begun += 1
        with self._said.open("wb") as said, self._complained.open("wb") as complained:
            self._process = subprocess.Popen(
                self._command, env=self._shop.environment, stdout=said, stderr=complained
            )

    def done(self, seconds: float) -> bool:
        """Say whether it is done within so many seconds; begin again where it failed."""
        try:
            if self._process.wait(seconds) == 0:
                return True
        except subprocess.TimeoutExpired:
            return False
        self.failures.append(self._complained.read_text()[-2000:] + self._said.read_text()[-500:])
        self._begin()
        return False

    def finish(self, seconds: float) -> None:
        """Wait until it is done."""
        end = time.monotonic() + seconds
        while not self.done(end - time.monotonic()):
            assert time.monotonic() < end, f"the import is not done after {seconds:.0f} s"

    def kill(self) -> None:
        """Kill it, and begin again."""
        self._process.kill()
        self._process.wait()
        self._begin()

    def table(self) -> dict[str, Any]:
        """Read what it said at its end."""
        told: dict[str, Any] = msgspec.json.decode(self._said.read_bytes())
        return told


def kind(process: psutil.Process) -> str:
    """Say what a process is: which service, or which part of a server."""
    line = " ".join(process.cmdline())
    if service := re.search(r"ecommerce serve (\S+)", line):
        return service[1]
    if "supervisord" in line:
        return SUPERVISOR
    if process.name() != "postgres":
        return process.name()
    if "postgres: " not in line:
        return "postmaster"
    return "postgres: a session" if SESSION.search(line) else "postgres: a helper"


def by_kind(processes: Iterable[psutil.Process]) -> dict[str, list[psutil.Process]]:
    """Sort processes by what they are: many of one kind must not hide the others."""
    found = defaultdict(list)
    for process in processes:
        with suppress(psutil.Error):  # it has ended meanwhile
            found[kind(process)].append(process)
    return found


def kill_while(
    importing: Importing,
    shop: RunningShop,
    pauses: Iterable[float],
    pick: Callable[[list[str]], str],
    draw: random.Random,
) -> Iterator[str]:
    """After each pause kill a process of the kind that is picked, until the import is done.

    Yields what was killed. The supervisor is started again by `up`, and starts all the rest.
    """
    for pause in pauses:
        if importing.done(pause):
            return
        there = by_kind(shop.processes())
        picked = pick(sorted([*there, IMPORTER]))
        if picked == IMPORTER:
            importing.kill()
            yield picked
            continue
        victim = draw.choice(there[picked])
        with suppress(psutil.NoSuchProcess):
            victim.kill()
            yield f"{picked} ({victim.pid})"
        if picked == SUPERVISOR:
            shop.up()
