"""The foreign service of examples/loyalty-points: its place in the repository, and in a broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ecommerce.bus import management
from ecommerce.bus.topology import VHOST

EXAMPLE = Path(__file__).parents[1] / "examples/loyalty-points"
PASSWORD = "points"  # noqa: S105 - a test's own


async def admit(url: str, vhost: str = VHOST) -> None:
    """Give it its user, queue and exchange, as an administrator does by its README."""
    password = {"password": PASSWORD, "tags": ""}
    await management._ask(url, "PUT", "users/loyalty", password)
    definitions: dict[str, list[dict[str, Any]]] = json.loads((EXAMPLE / "broker.json").read_text())
    for item in (item for items in definitions.values() for item in items):
        assert item["vhost"] == VHOST
        item["vhost"] = vhost
    await management._ask(url, "POST", "definitions", definitions)
