"""An event as it is stored, published and read by any language: one CloudEvents 1.0 document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar, get_args
from zlib import crc32

import msgspec
from msgspec import Raw, Struct

from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event, Value

PARTITIONS = 12
"""Logical partitions of every context's events; part of each routing key, so fixed for ever."""

CONTENT_TYPE = "application/cloudevents+json"

E = TypeVar("E")


class Cause(Value, frozen=True):
    """Why something is recorded: what it belongs to, what led to it, and who acted.

    That is the caller of a request; else the context itself, for what its policies, calls and
    timers do; or who tells it something from outside, such as `payment-provider`.
    """

    correlation_id: str
    causation_id: str
    actor: str
    traceparent: str | None = None


class Recorded(Struct, Generic[E], frozen=True):
    """An event with where, when and why it was recorded.

    `position` is the notification id in the log of `source`, the context; `time` is UTC.
    """

    event: E
    source: str
    stream: str
    version: int
    position: int
    time: datetime
    cause: Cause

    @property
    def id(self) -> str:
        """Name the event: `order-…@3`."""
        return f"{self.stream}@{self.version}"


class Envelope(Struct, frozen=True, omit_defaults=True):
    """The document itself (CloudEvents 1.0, JSON format); `data` is read on demand."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    dataschema: str
    correlationid: str
    causationid: str
    actor: str
    data: Raw
    traceparent: str | None = None

    @property
    def cause(self) -> Cause:
        """Say why the event was recorded."""
        return Cause(self.correlationid, self.causationid, self.actor, self.traceparent)


def members(union: Any) -> tuple[type[Event], ...]:
    """List the event types of a union, or of a single type."""
    return get_args(union) or (union,)


def aggregate_of(stream: str) -> str:
    """Say which kind of stream this is: the part before the first hyphen."""
    return stream.partition("-")[0]


def key_of(stream: str) -> str:
    """Say what the stream is about: `order-7` and `payment-7` share the key `7`."""
    return stream.partition("-")[2]


def topic(aggregate: str, event: type[Event]) -> str:
    """Name an event type as the log and the routing keys do: `order.OrderCreated.v1`."""
    return f"{aggregate}.{event.__name__}.v{event.version}"


def routing_key(topic: str, stream: str) -> str:
    """Name the topic and the partition in which all events of one key keep their order."""
    return f"{topic}.p{crc32(key_of(stream).encode()) % PARTITIONS:02d}"


def published_topics(context: str) -> list[str]:
    """List the topics that a context publishes; the others of its log are private."""
    return [
        topic(aggregate, event)
        for aggregate, union in PUBLISHED.get(context, {}).items()
        for event in members(union)
    ]


def owns(context: str, aggregate: str) -> bool:
    """Say whether a context may publish from this kind of stream."""
    return aggregate in PUBLISHED.get(context, {})


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)


def encode(recorded: Recorded[Any]) -> bytes:
    """Write an event as its document."""
    cause, kind = recorded.cause, type(recorded.event)
    return _encoder.encode(
        Envelope(
            specversion="1.0",
            id=recorded.id,
            source=recorded.source,
            type=kind.__name__,
            subject=recorded.stream,
            time=recorded.time,
            datacontenttype="application/json",
            dataschema=f"urn:ecommerce:{topic(aggregate_of(recorded.stream), kind)}",
            correlationid=cause.correlation_id,
            causationid=cause.causation_id,
            actor=cause.actor,
            traceparent=cause.traceparent,
            data=Raw(_encoder.encode(recorded.event)),
        )
    )


def open_envelope(document: bytes) -> Envelope:
    """Read a document without its data. Raises `msgspec.MsgspecError` where it is none."""
    return decoded(_envelopes, document)


def decoded(decoder: msgspec.json.Decoder[E], document: bytes | Raw) -> E:
    """Decode JSON. Raises `msgspec.MsgspecError`, also for what is no text at all."""
    try:
        return decoder.decode(document)
    except (UnicodeDecodeError, RecursionError) as error:
        # No UTF-8, or nested too deeply: no document of ours either.
        raise msgspec.DecodeError(str(error)) from error
