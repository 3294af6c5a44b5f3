"""An event as a message: written by the relay, and trusted by a consumer only where it all fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aio_pika import DeliveryMode, Message
from aiormq import spec

from ecommerce.bus.topology import exchange
from ecommerce.kernel import Value
from ecommerce.store.envelope import (
    CONTENT_TYPE,
    Envelope,
    aggregate_of,
    key_of,
    open_envelope,
    owns,
)


class Unreadable(Exception):
    """The message is no event that its sender may publish."""


class Received(Value, frozen=True):
    """A message whose document, sender, subject and id belong together."""

    envelope: Envelope
    body: bytes
    position: int
    routing_key: str
    headers: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Say what the event is about: messages of one key keep their order."""
        return key_of(self.envelope.subject)


def write(document: bytes, position: int, previous: int) -> Message:
    """Make the message of a published event; `previous` is the position of the one before it."""
    envelope = open_envelope(document)
    return Message(
        document,
        message_id=envelope.id,
        type=envelope.type,
        correlation_id=envelope.correlationid,
        user_id=envelope.source,
        app_id="ecommerce",
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers={"position": position, "previous": previous},
    )


def read(
    body: bytes, properties: spec.Basic.Properties, came_by: str | None, routing_key: str | None
) -> Received:
    """Read a message that came by an exchange.

    Raises `Unreadable`, also where another sender pretends to be this one.
    """
    try:
        envelope = open_envelope(body)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"it holds no CloudEvents document: {error}") from error
    headers = properties.headers or {}
    position = headers.get("position")
    _expect(properties.user_id == envelope.source, "the broker names another sender")
    _expect(came_by == exchange(envelope.source), "it came by another's exchange")
    own = owns(envelope.source, aggregate_of(envelope.subject))
    _expect(own, "its subject is not its sender's")
    stream, _, version = envelope.id.rpartition("@")
    _expect(stream == envelope.subject and version.isdecimal(), "its id is not its subject's")
    _expect(envelope.id.isprintable(), "its id cannot be told")
    _expect(properties.message_id == envelope.id, "its message id is not its document's")
    if not isinstance(position, int):
        raise Unreadable("it has no position")
    return Received(envelope, body, position, routing_key or "", headers)


def _expect(fits: bool, complaint: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not fits:
        raise Unreadable(complaint)
