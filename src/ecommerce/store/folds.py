"""How the events of a context's streams become the states that its decisions read."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from ecommerce.kernel import Decider, Event, Fold, Value
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import Recorded, aggregate_of, members


class Versioned(Value, frozen=True):
    """A stream's state after so many events."""

    version: int
    state: Any
    kept: int = 0
    """The version at which it was kept outside the log, the last time."""


class UnreadableStream(Exception):
    """This code cannot read what a stream holds; a newer version wrote it, or it is damaged."""


class Folds:
    """The folds of one context, by the first part of a stream's name."""

    def __init__(self, decider: Decider) -> None:
        self._folds = decider.folds
        self._codecs = {kind: Codec(members(fold.events)) for kind, fold in self._folds.items()}
        self._shapes = {kind: _shape(fold) for kind, fold in self._folds.items()}

    def expect(self, streams: Iterable[str]) -> None:
        """Raise `LookupError` unless all of these streams are this context's."""
        if foreign := [name for name in streams if aggregate_of(name) not in self._folds]:
            raise LookupError(f"none of this context's streams: {', '.join(foreign)}")

    def initial(self, stream: str) -> Versioned:
        """Give the state of a stream without events."""
        return Versioned(0, self._folds[aggregate_of(stream)].initial)

    def evolve(self, stream: str, before: Versioned, events: Iterable[Event]) -> Versioned:
        """Say what new events make of a stream."""
        evolve = self._folds[aggregate_of(stream)].evolve
        version, state = before.version, before.state
        for event in events:
            version, state = version + 1, evolve(state, event)
        return Versioned(version, state, before.kept)

    def shape(self, stream: str) -> str:
        """Name what the stream's state looks like and what its events mean."""
        return self._shapes[aggregate_of(stream)]

    def restore(self, stream: str, version: int, state: bytes) -> Versioned:
        """Read a state of this shape that was kept outside the log."""
        kind = type(self._folds[aggregate_of(stream)].initial)
        try:
            return Versioned(version, msgspec.json.decode(state, type=kind), kept=version)
        except msgspec.MsgspecError as error:
            return Versioned(version, _unreadable(stream, version, error))

    def read(
        self, stream: str, before: Versioned, stored: Iterable[tuple[int, bytes]]
    ) -> Versioned:
        """Say what stored events make of a stream; where it is unreadable, that is its state."""
        codec, after = self._codecs[aggregate_of(stream)], before
        if isinstance(before.state, UnreadableStream):
            return before
        for version, document in stored:
            try:
                event = _expect(codec.decode(document, position=0), after.version + 1)
                after = self.evolve(stream, after, [event])
            except Exception as error:  # noqa: BLE001 - whatever it is, only this stream is affected
                return Versioned(after.version, _unreadable(stream, version, error))
        return after


def _shape(fold: Fold) -> str:
    schema = msgspec.json.encode(msgspec.json.schema(type(fold.initial)), order="deterministic")
    return f"{fold.version}-{blake2b(schema, digest_size=12).hexdigest()}"


def _expect(recorded: Recorded[Any] | None, version: int) -> Event:
    if recorded is None:
        raise TypeError("this code does not know the event's type")
    if recorded.version != version:
        raise IndexError(f"version {version} is missing")
    event: Event = recorded.event
    return event


def _unreadable(stream: str, version: int, error: Exception) -> UnreadableStream:
    unreadable = UnreadableStream(
        f"{stream}@{version} cannot be read ({error}). Nothing is decided on this stream until a "
        "version of the service runs that can read it."
    )
    unreadable.__cause__ = error
    return unreadable
