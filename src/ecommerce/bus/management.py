"""Compares the broker with the definitions, and brings it to them through its management API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from ecommerce.bus.foreign import is_foreign
from ecommerce.bus.management_api import ask
from ecommerce.bus.topology import Definitions

_LABELS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "vhosts": lambda item: f"vhost {item['name']}",
    "users": lambda item: f"user {item['name']}",
    "permissions": lambda item: f"permission of {item['user']}",
    "topic_permissions": lambda item: f"topic permission of {item['user']} on {item['exchange']}",
    "exchanges": lambda item: f"exchange {item['name']}",
    "queues": lambda item: f"queue {item['name']}",
    "bindings": lambda item: (
        f"binding {item['source']} -> {item['destination']} [{item['routing_key']}]"
    ),
}
"""What can be defined, in the order in which it can be made."""

_SECRETS: Final = ("password_hash", "hashing_algorithm")


def _labelled(stated: Definitions) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        label(item): (kind, item)
        for kind, label in _LABELS.items()
        for item in stated.get(kind, [])
    }


def diff(wanted: Definitions, actual: Definitions) -> list[str]:
    """Say in lines what the broker lacks (+), has unasked (-) or has otherwise (~)."""
    ours, theirs = _labelled(wanted), _labelled(actual)
    return [
        *(f"+ {label}" for label in ours if label not in theirs),
        *(f"- {label}" for label in theirs if label not in ours),
        *(
            f"~ {label}: {difference}"
            for label, (_, item) in ours.items()
            if label in theirs
            for difference in _differences(item, theirs[label][1])
        ),
    ]


def _differences(wanted: dict[str, Any], actual: dict[str, Any]) -> Iterator[str]:
    for field, value in wanted.items():
        if field not in _SECRETS and value != actual.get(field):
            yield f"{field} is {actual.get(field)!r}, wanted {value!r}"


async def fetch(url: str, wanted: Definitions) -> Definitions:
    """Read what the broker has in the wanted vhost, and of the wanted users.

    What is foreign there is left out, and so neither told nor removed by anybody.
    `url` is the management API's, with user and password. Raises `ManagementError`.
    """
    vhost, users = wanted["vhosts"][0]["name"], {user["name"] for user in wanted["users"]}
    everything = await ask(url, "GET", "definitions")
    known = _labelled(wanted)
    found = {
        kind: [
            item
            for item in everything[kind]
            if item.get("vhost") == vhost
            and (label(item) in known or not is_foreign(kind, item, wanted))
        ]
        for kind, label in _LABELS.items()
        if kind not in {"vhosts", "users"}
    }
    found["vhosts"] = [item for item in everything["vhosts"] if item["name"] == vhost]
    # Newer brokers leave out what is false.
    found["exchanges"] = [{"internal": False, **item} for item in found["exchanges"]]
    found["users"] = [_listed(item) for item in everything["users"] if item["name"] in users]
    return found


def _listed(user: dict[str, Any]) -> dict[str, Any]:
    # Older brokers write tags as one string.
    tags = user["tags"]
    return {**user, "tags": tags.split(",") if isinstance(tags, str) and tags else list(tags)}


async def apply(url: str, wanted: Definitions) -> list[str]:
    """Make what is missing, correct rights, remove bindings and rights that are not wanted.

    Answers what differs still: queues and exchanges are never removed or made anew, as that could
    lose messages. Passwords of users who exist stay. Raises `ManagementError`.
    """
    await ask(url, "POST", "definitions", _missing(wanted, await fetch(url, wanted)))
    ours = _labelled(wanted)
    for label, (kind, item) in _labelled(await fetch(url, wanted)).items():
        if label not in ours:
            await _remove(url, kind, item)
    return diff(wanted, await fetch(url, wanted))


def _missing(wanted: Definitions, actual: Definitions) -> Definitions:
    theirs = _labelled(actual)
    missing: Definitions = {kind: [] for kind in _LABELS}
    for label, (kind, item) in _labelled(wanted).items():
        if label not in theirs:
            missing[kind].append(item)
        elif kind not in {"exchanges", "queues"} and [*_differences(item, theirs[label][1])]:
            missing[kind].append(item | _secrets(theirs[label][1]))
    return missing


def _secrets(item: dict[str, Any]) -> dict[str, Any]:
    return {field: item[field] for field in _SECRETS if field in item}


async def _remove(url: str, kind: str, item: dict[str, Any]) -> None:
    vhost = quote(item["vhost"], safe="")
    if kind == "bindings":
        between = f"bindings/{vhost}/e/{item['source']}/q/{item['destination']}"
        for found in await ask(url, "GET", between):
            if found["routing_key"] == item["routing_key"]:
                await ask(url, "DELETE", f"{between}/{quote(found['properties_key'], safe='')}")
    elif kind == "permissions":
        await ask(url, "DELETE", f"permissions/{vhost}/{item['user']}")
    elif kind == "topic_permissions":
        path = f"topic-permissions/{vhost}/{item['user']}/{item['exchange']}"
        await ask(url, "DELETE", path)
