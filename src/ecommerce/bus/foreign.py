"""What others have in the broker beside the shop: left alone, unless it reaches into the shop's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ecommerce.bus.topology import Definitions


def _first(name: str) -> str:
    return name.partition(".")[0]


_OWNERS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "permissions": lambda item: str(item["user"]),
    "topic_permissions": lambda item: str(item["user"]),
    "exchanges": lambda item: _first(item["name"]),
    "queues": lambda item: _first(item["name"]),
    "bindings": lambda item: _first(item["destination"]),
}
"""Whose something is: its user's, or that of the user whose name its own begins with."""


def is_foreign(kind: str, item: dict[str, Any], wanted: Definitions) -> bool:
    """Say whether something in the broker is somebody else's and can do no harm.

    Harm is a right to change the shop's exchanges and queues, to write to them, or to take messages
    out of a queue. Hearing an exchange and reading a history take nothing from anybody.
    """
    if _OWNERS[kind](item) in {user["name"] for user in wanted["users"]}:
        return False
    return kind != "permissions" or not _harms(item, wanted)


def _harms(right: dict[str, Any], wanted: Definitions) -> bool:
    names = [item["name"] for item in wanted["exchanges"] + wanted["queues"]]
    queues = [item["name"] for item in wanted["queues"] if not _keeps(item)]
    reach = {"configure": names, "write": names, "read": queues}
    return any(_reaches(right[verb], within) for verb, within in reach.items())


def _keeps(queue: dict[str, Any]) -> bool:
    return bool(queue["arguments"].get("x-queue-type") == "stream")


def _reaches(pattern: str, names: list[str]) -> bool:
    # To RabbitMQ the empty pattern means nothing, to Python everything.
    return any(re.search(pattern or "^$", name) for name in names)
