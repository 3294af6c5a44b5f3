"""Whether what the clients heard, and what the log holds, could have come from one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from ecommerce.kernel import Command
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import aggregate_of, members
from ecommerce.store.folds import Folds, Versioned
from ecommerce.store.unit import Answer, KeyReused, LoopStopped, Unit
from explorer.instance import Attempt, Parts
from explorer.memory_log import Kept, Log


class Wrong(Exception):
    """No serial order of the units explains this."""


class Replay:
    """Does the log's units one after another; `before` are the states before each, and at last."""

    def __init__(self, parts: Parts, log: Log) -> None:
        self.log = log
        self.parts = parts
        self.folds = Folds(parts.decider)
        self.codecs = {
            kind: Codec(members(fold.events)) for kind, fold in parts.decider.folds.items()
        }
        self.before: list[dict[str, Versioned]] = [{}]
        self.position = 0
        self.calls: dict[str, str] = {}
        self.timers: dict[str, tuple[str, int]] = {}
        for kept in log.keys.values():
            self._repeat(kept)
        if self.position != log.head:
            raise Wrong(f"events after {self.position} belong to no unit")
        if (self.calls, self.timers) != (log.calls, log.timers):
            raise Wrong(f"there are {log.calls} and {log.timers}: not {self.calls}, {self.timers}")

    def decide(self, command: Command, row: int) -> Any:
        """Say what a command comes to before this row."""
        states = self.before[row]
        return self.parts.decider.decide(
            command,
            {
                stream: states.get(stream, self.folds.initial(stream)).state
                for stream in self.parts.decider.streams(command)
            },
        )

    def _repeat(self, kept: Kept) -> None:
        key, states = kept.unit.key, dict(self.before[-1])
        try:
            decision = self.decide(kept.unit.command, -1)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
            raise Wrong(f"{key} was recorded, but is refused in its place: {error!r}") from None
        stored, ids = list(self._events(len(kept.answer.events))), []
        for stream, events in decision.items():
            first = states.get(stream, self.folds.initial(stream))
            states[stream] = self.folds.evolve(stream, first, events)
            ids += [f"{stream}@{first.version + n}" for n in range(1, len(events) + 1)]
        decided = [event for events in decision.values() for event in events]
        if stored != list(zip(ids, decided, strict=True)) or ids != list(kept.answer.events):
            raise Wrong(f"{key} recorded {stored}, but in its place comes to {decision}")
        if kept.answer.position != self.position:
            raise Wrong(f"{key} has position {kept.answer.position}, not {self.position}")
        self.before.append(states)
        self._follow(kept.unit, stored)

    def _events(self, count: int) -> Iterator[tuple[str, Any]]:
        for note in self.log.events.select_notifications(self.position + 1, count) if count else ():
            self.position += 1
            codec = self.codecs[aggregate_of(str(note.originator_id))]
            if recorded := codec.decode(note.state, note.id):
                yield recorded.id, recorded.event

    def _follow(self, unit: Unit, stored: list[tuple[str, Any]]) -> None:
        settled: dict[str, Any] = self.timers if unit.key.startswith("timer:") else self.calls
        settled.pop(unit.settles or "", None)
        for id_, event in stored:
            stream, kind = id_.rpartition("@")[0], type(event)
            if kind in self.parts.withdraws:
                self.calls = {call: of for call, of in self.calls.items() if of != stream}
            if kind in self.parts.ends:
                self.timers = {id_: due for id_, due in self.timers.items() if due[0] != stream}
            if kind in self.parts.calls:
                self.calls[id_] = stream
            if kind in self.parts.timers:
                self.timers[id_] = stream, self.parts.timers[kind]


def check(parts: Parts, log: Log, attempts: list[Attempt]) -> None:
    """Raise `Wrong` where something was recorded or answered that serial work never would."""
    replay = Replay(parts, log)
    rows = {key: row for row, key in enumerate(log.keys)}
    for attempt in attempts:
        row = rows.get(attempt.unit.key, len(log.keys))
        if not attempt.unknown and not _right(attempt, row, replay):
            heard, key = attempt.outcome, attempt.unit.key
            raise Wrong(f"{key} was answered {heard!r}, which was right at no time in between")
    for key, kept in log.keys.items():
        tried = [a for a in attempts if (a.unit.key, a.unit.digest) == (key, kept.unit.digest)]
        if not any(a.unknown or isinstance(a.outcome, Answer) for a in tried):
            raise Wrong(f"{key} was answered {tried[0].outcome!r}, but is recorded")


def _right(attempt: Attempt, row: int, replay: Replay) -> bool:
    """Say whether an answer was right at a time between question and answer.

    `row` is that of the unit's key, or comes after all.
    """
    heard, known = attempt.outcome, row < attempt.until
    kept = list(replay.log.keys.values())[row] if known else None
    same = kept is not None and kept.unit.digest == attempt.unit.digest
    match heard:
        case Answer(events, position, replayed):
            return (
                same
                and kept is not None
                and (kept.answer.events, kept.answer.position) == (events, position)
                and (replayed or row >= attempt.since)
            )
        case KeyReused():
            return known and not same
        case psycopg.Error():
            return not known
        case LoopStopped():
            return True
        case _:
            times = range(attempt.since, min(attempt.until, row) + 1)
            return any(_comes_to(attempt.unit.command, heard, replay, time) for time in times)


def _comes_to(command: Command, heard: Any, replay: Replay, time: int) -> bool:
    try:
        replay.decide(command, time)
    except Exception as error:  # noqa: BLE001 - compared with what was heard
        return type(error) is type(heard)
    return False
