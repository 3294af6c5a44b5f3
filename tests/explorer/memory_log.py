"""A log in memory that records, refuses and finds what PostgreSQL does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from ecommerce.kernel import Value
from ecommerce.store.append import Appended
from ecommerce.store.batch import Batch, Known, Pending
from ecommerce.store.lookup import Found
from ecommerce.store.unit import Answer, Unit


class Kept(Value, frozen=True):
    """A row of `keys`: which unit it was for, and what it was answered."""

    unit: Unit
    answer: Answer


class Log:
    """The tables, as they are committed, and the lock."""

    def __init__(self) -> None:
        self.events = POPOApplicationRecorder()
        self.keys: dict[str, Kept] = {}
        self.calls: dict[str, str] = {}
        self.timers: dict[str, tuple[str, int]] = {}
        """By their ids: the stream, and the seconds of a timer."""
        self.lock = asyncio.Lock()
        self.races_lost = 0

    @property
    def head(self) -> int:
        return self.events.max_notification_id() or 0

    def version(self, stream: str) -> int:
        last = self.events.select_events(stream, desc=True, limit=1)
        return last[0].originator_version if last else 0

    def find(self, versions: dict[str, int], keys: Sequence[str]) -> Found:
        """Read as of now what streams hold after these versions, and look the keys up."""
        events = {
            stream: [
                (event.originator_version, event.state)
                for event in self.events.select_events(stream, gt=version)
            ]
            for stream, version in versions.items()
        }
        used = {
            key: Known(row.unit.digest, Answer(row.answer.events, row.answer.position, True))  # noqa: FBT003 - a row read is a row replayed
            for key in keys
            if (row := self.keys.get(key))
        }
        return Found({stream: stored for stream, stored in events.items() if stored}, used)

    def commit(self, batch: Batch) -> Appended | None:
        """Record a batch at once, unless a stream that it read or a key of it has changed."""
        stale = any(self.version(stream) != version for stream, version in batch.reads.items())
        if stale or any(pending.unit.key in self.keys for pending in batch.keys):
            self.races_lost += 1
            return None
        appended = Appended(self.head, self._insert(batch))
        for pending in batch.keys:
            self.keys[pending.unit.key] = _kept(pending, appended)
        self._follow(batch)
        return appended

    def _insert(self, batch: Batch) -> int:
        stored = [
            StoredEvent(event.stream, event.version, event.topic, event.document)
            for event in batch.events
        ]
        positions = self.events.insert_events(stored) or [0]
        return positions[0]

    def _follow(self, batch: Batch) -> None:
        # A statement deletes what was there before it, never what it inserts itself.
        self.calls = {
            id_: stream
            for id_, stream in self.calls.items()
            if stream not in batch.withdrawn and id_ not in batch.settled_calls
        } | {call.id: call.stream for call in batch.calls}
        self.timers = {
            id_: (stream, due)
            for id_, (stream, due) in self.timers.items()
            if stream not in batch.ended and id_ not in batch.settled_timers
        } | {timer.id: (timer.stream, due) for timer, due in batch.timers}


def _kept(pending: Pending, appended: Appended) -> Kept:
    return Kept(pending.unit, Answer(pending.events, appended.position(pending.count)))
