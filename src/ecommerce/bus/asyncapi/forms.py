"""What all parts of the document are written with: names of events, references, bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.store.envelope import members, topic

Document = dict[str, Any]


def topics(context: str) -> Iterator[tuple[str, str, type[Event]]]:
    """Yield what a context publishes: the topic, its aggregate and its event."""
    for aggregate, union in PUBLISHED[context].items():
        for event in members(union):
            yield topic(aggregate, event), aggregate, event


def refer(*path: str) -> Document:
    """Refer to another part of the document."""
    return {"$ref": "/".join(("#", *path))}


def amqp(binding: Document) -> Document:
    """Say what is so with AMQP alone."""
    return {"amqp": {**binding, "bindingVersion": "0.3.0"}}
