"""The foreign service of examples/loyalty-points: admitted to a broker, and run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from signal import SIGKILL
from typing import Any

import servers
from ecommerce.bus.management_api import ask
from ecommerce.bus.topology import VHOST

EXAMPLE = Path(__file__).parents[1] / "examples/loyalty-points"
PASSWORD = "points"  # noqa: S105 - a test's own


async def admit(url: str, vhost: str = VHOST) -> None:
    """Give it its user, queue and exchange, as an administrator does by its README."""
    password = {"password": PASSWORD, "tags": ""}
    await ask(url, "PUT", "users/loyalty", password)
    definitions: dict[str, list[dict[str, Any]]] = json.loads((EXAMPLE / "broker.json").read_text())
    for item in (item for items in definitions.values() for item in items):
        assert item["vhost"] == VHOST
        item["vhost"] = vhost
    await ask(url, "POST", "definitions", definitions)


class Loyalty:
    """The service as a process, in a folder where its packages are installed."""

    def __init__(self, folder: Path, amqp: str, gateway: str) -> None:
        self.journal, self._log, self._folder = folder / "handled.log", folder / "out.log", folder
        self._environment = {**os.environ, "AMQP_URL": amqp, "GATEWAY_URL": gateway}
        self._process: subprocess.Popen[bytes] | None = None

    def said(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["node", "loyalty.js"],  # noqa: S607 - whichever the machine has
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        servers.wait_until(lambda: "listening" in self.said() or not self.runs, self.said)
        assert self.runs, self.said()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it at once."""
        self._end(SIGKILL)

    def stop(self) -> int | None:
        """Ask it to end, and give its exit code."""
        return self._end(15)

    def _end(self, number: int) -> int | None:
        if self._process is None:
            return None
        self._process.send_signal(number)
        return self._process.wait(20)
