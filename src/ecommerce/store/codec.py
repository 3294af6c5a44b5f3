"""Reads the events of documents, whatever version of this code has written them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import msgspec

from ecommerce.kernel import Event
from ecommerce.store.envelope import Envelope, Recorded, decoded, open_envelope
from ecommerce.store.upcasters import shapes


class UnknownVersion(msgspec.MsgspecError):
    """A newer version of this code has written the event."""


class Codec:
    """Reads the documents of just these event types, of whatever version they are.

    Raises `LookupError` where an older version of one of them has no upcaster.
    """

    def __init__(self, events: Iterable[type[Event]]) -> None:
        self._readers = {
            event.__name__: {
                str(version): (msgspec.json.Decoder(shape), steps)
                for version, shape, steps in shapes(event)
            }
            for event in events
        }

    def decode(self, document: bytes, position: int) -> Recorded[Any] | None:
        """Read a document, or nothing where its type is none of ours.

        Raises `msgspec.MsgspecError` where the document or its data has another shape, and
        `UnknownVersion` where this code is too old for it.
        """
        return self.read(open_envelope(document), position)

    def read(self, envelope: Envelope, position: int) -> Recorded[Any] | None:
        """Read a document that is opened already; raises the same."""
        versions = self._readers.get(envelope.type)
        if versions is None:
            return None
        version = envelope.dataschema.rpartition(".v")[2]
        if version not in versions:
            raise UnknownVersion(f"{envelope.dataschema} is not known")
        decoder, steps = versions[version]
        return Recorded(
            event=reduce(lambda event, step: step(event), steps, decoded(decoder, envelope.data)),
            source=envelope.source,
            stream=envelope.subject,
            version=int(envelope.id.rpartition("@")[2]),
            position=position,
            time=envelope.time,
            cause=envelope.cause,
        )
