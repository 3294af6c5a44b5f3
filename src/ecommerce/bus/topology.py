"""What stands in the broker, made from the types: exchanges, queues, bindings, users, rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ecommerce.bus.member import Member
from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.store.envelope import PARTITIONS, members

VHOST: Final = "shop"
ADMIN: Final = "admin"
"""The user of the management console and of `ecommerce topology`."""

Definitions = dict[str, list[dict[str, Any]]]

_PARTITION: Final = "p(0[0-9]|1[01])"


def exchange(context: str) -> str:
    """Name the exchange that a context publishes to."""
    return f"{context}.events"


def history(context: str) -> str:
    """Name the stream that keeps all that a context ever published."""
    return f"{context}.history"


def queue(context: str, number: int) -> str:
    """Name one of the queues that a context reacts to, numbered from 0."""
    return f"{context}.in.{number}"


def dead_letters(context: str) -> str:
    """Name the exchange for what a context's queues gave up."""
    return f"{context}.dlx"


def parked(context: str) -> str:
    """Name the queue for what a context cannot read or the broker gave up."""
    return f"{context}.parked"


def routes(member: Member) -> Iterator[tuple[str, str, str]]:
    """Yield exchange, queue and binding key of all that a context reacts to, in any version."""
    for event in member.triggers:
        source, aggregate = _owner(event)
        for partition in range(PARTITIONS):
            key = f"{aggregate}.{event.__name__}.*.p{partition:02d}"
            yield exchange(source), queue(member.name, partition % member.queues), key


def _owner(event: type[Event]) -> tuple[str, str]:
    for context, aggregates in PUBLISHED.items():
        for aggregate, union in aggregates.items():
            if event in members(union):
                return context, aggregate
    raise LookupError(f"no context publishes {event.__name__}, so nobody can react to it")


def definitions(table: Iterable[Member], vhost: str = VHOST) -> Definitions:
    """Make the broker's definitions; no user has a password yet."""
    table = list(table)
    publishers = [member.name for member in table if member.name in PUBLISHED]
    reacting = [member for member in table if member.queues]
    kinds: Definitions = {
        "users": [_user(member.name) for member in table] + [_user(ADMIN, "administrator")],
        "permissions": [*map(_permission, table), _permission_of(ADMIN, ".*", ".*", ".*")],
        "topic_permissions": list(map(_topic_permission, publishers)),
        "exchanges": [_exchange(exchange(name), "topic") for name in publishers]
        + [_exchange(dead_letters(member.name), "fanout") for member in reacting],
        "queues": [_queue(history(name), "stream") for name in publishers]
        + [one for member in reacting for one in _queues(member)],
        "bindings": [_binding(exchange(name), history(name), "#") for name in publishers]
        + [_binding(*route) for member in reacting for route in _all_routes(member)],
    }
    everywhere = kinds.pop("users")
    for item in (item for kind in kinds.values() for item in kind):
        item["vhost"] = vhost
    return {"vhosts": [{"name": vhost}], "users": everywhere, **kinds}


def _all_routes(member: Member) -> Iterator[tuple[str, str, str]]:
    yield dead_letters(member.name), parked(member.name), ""
    yield from routes(member)


def _user(name: str, *tags: str) -> dict[str, Any]:
    # RabbitMQ lets nobody in by password while the hash is empty.
    algorithm = "rabbit_password_hashing_sha256"
    return {"name": name, "password_hash": "", "hashing_algorithm": algorithm, "tags": list(tags)}


def _permission(member: Member) -> dict[str, Any]:
    read = [f"{member.name}[.]in[.][0-9]+"] if member.queues else []
    read += [f"{name}[.]history" for name in member.histories]
    write = [f"{member.name}[.]events"] if member.name in PUBLISHED else []
    return _permission_of(member.name, "^$", _one_of(write), _one_of(read))


def _one_of(names: list[str]) -> str:
    return f"^({'|'.join(names)})$" if names else "^$"


def _permission_of(user: str, configure: str, write: str, read: str) -> dict[str, Any]:
    return {"user": user, "configure": configure, "write": write, "read": read}


def _topic_permission(context: str) -> dict[str, Any]:
    own = "|".join(PUBLISHED[context])
    write = f"^({own})[.][A-Za-z]+[.]v[0-9]+[.]{_PARTITION}$"
    return {"user": context, "exchange": exchange(context), "write": write, "read": "^$"}


def _exchange(name: str, kind: str) -> dict[str, Any]:
    durable = {"durable": True, "auto_delete": False, "internal": False, "arguments": {}}
    return {"name": name, "type": kind, **durable}


def _queue(name: str, kind: str, **arguments: Any) -> dict[str, Any]:
    arguments = {"x-queue-type": kind, **arguments}
    return {"name": name, "durable": True, "auto_delete": False, "arguments": arguments}


def _queues(member: Member) -> Iterator[dict[str, Any]]:
    intake = {
        "x-single-active-consumer": True,
        # The last net, for a message that kills its process; all other failures we park ourselves.
        "x-delivery-limit": 50,
        "x-dead-letter-exchange": dead_letters(member.name),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    for number in range(member.queues):
        yield _queue(queue(member.name, number), "quorum", **intake)
    # Looking at a message in the console counts as a delivery: it must not be used up by that.
    yield _queue(parked(member.name), "quorum", **{"x-delivery-limit": 1_000_000})


def _binding(source: str, destination: str, key: str) -> dict[str, Any]:
    ends = {"source": source, "destination": destination, "destination_type": "queue"}
    return {**ends, "routing_key": key, "arguments": {}}
