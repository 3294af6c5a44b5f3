"""Makes the document from the types: who publishes what, in what form, and who reacts to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Final

from ecommerce.bus.asyncapi.forms import Document, amqp, refer, topics
from ecommerce.bus.asyncapi.messages import components, messages
from ecommerce.bus.asyncapi.words import ABOUT, EVENTS, HISTORY, PARAMETERS, SERVER, USER
from ecommerce.bus.member import Member
from ecommerce.bus.topology import VHOST, exchange, history
from ecommerce.events import PUBLISHED
from ecommerce.store.envelope import CONTENT_TYPE, PARTITIONS

ADDRESS: Final = "{aggregate}.{event}.{version}.{partition}"


def document(table: Iterable[Member]) -> Document:
    """Describe all events that the members of the bus publish and react to (AsyncAPI 3.0)."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "E-commerce events",
            "version": version("ecommerce"),
            "description": ABOUT.strip(),
            "license": {"name": "MIT"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": dict(_channels()),
        "operations": {name: said for member in table for name, said in _operations(member)},
        "components": {
            "messages": dict(messages()),
            "schemas": components(),
            "securitySchemes": {"user": {"type": "userPassword", "description": USER}},
        },
    }


def _server() -> Document:
    where = {"default": "127.0.0.1:18002", "description": "Host and port, as your operator says."}
    return {
        "host": "{address}",
        "pathname": f"/{VHOST}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": SERVER,
        "variables": {"address": where},
        "security": [refer("components", "securitySchemes", "user")],
    }


def _channels() -> Iterator[tuple[str, Document]]:
    for context in PUBLISHED:
        names = _names(context)
        known = {"messages": {name: refer("components", "messages", name) for name in names}}
        yield exchange(context), _events_channel(context, names) | known
        yield history(context), _history_channel(context) | known


def _names(context: str) -> list[str]:
    return [name for name, _, _ in topics(context)]


def _events_channel(context: str, names: list[str]) -> Document:
    spoken = zip(*(name.split(".") for name in names), strict=True)
    partitions = (f"p{number:02d}" for number in range(PARTITIONS))
    form = {"name": exchange(context), "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": ADDRESS,
        "title": f"Events of {context}",
        "description": EVENTS.format(context=context),
        "parameters": {
            name: {"description": about, "enum": [*dict.fromkeys(values)]}
            for (name, about), values in zip(PARAMETERS.items(), (*spoken, partitions), strict=True)
        },
        "bindings": amqp({"is": "routingKey", "exchange": {**form, "vhost": VHOST}}),
    }


def _history_channel(context: str) -> Document:
    form = {"name": history(context), "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": history(context),
        "title": f"History of {context}",
        "description": HISTORY.format(context=context),
        "bindings": amqp({"is": "queue", "queue": {**form, "vhost": VHOST}}),
    }


def _operations(member: Member) -> Iterator[tuple[str, Document]]:
    name = member.name
    if name in PUBLISHED:
        title = f"{name} publishes"
        yield f"{name}Publishes", _send(title, name)
    for source in PUBLISHED:
        if heard := [topic for topic, _, event in topics(source) if event in member.triggers]:
            title = f"{name} reacts to events of {source}"
            yield f"{name}ReactsTo{source.title()}", _receive(title, exchange(source), heard)
    for source in member.histories:
        title = f"{name} reads the history of {source}"
        yield f"{name}Reads{source.title()}", _receive(title, history(source), _names(source))


def _send(title: str, context: str) -> Document:
    made = _operation("send", title, exchange(context), _names(context))
    return {**made, "bindings": amqp({"userId": context, "deliveryMode": 2})}


def _receive(title: str, channel: str, names: list[str]) -> Document:
    return {**_operation("receive", title, channel, names), "bindings": amqp({"ack": True})}


def _operation(action: str, title: str, channel: str, names: list[str]) -> Document:
    return {
        "action": action,
        "title": title,
        "channel": refer("channels", channel),
        "messages": [refer("channels", channel, "messages", name) for name in names],
    }
