"""What a batch of units comes to: decided one after another on states in memory, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from ecommerce.kernel import Decider, Decision, Event, Value
from ecommerce.store.envelope import Recorded, aggregate_of, encode, topic
from ecommerce.store.folds import Folds, UnreadableStream, Versioned
from ecommerce.store.unit import Answer, KeyReused, Unit


class Rules(Value, frozen=True):
    """How a context decides, and what it records beside its events."""

    context: str
    decider: Decider
    folds: Folds
    calls: frozenset[type[Event]]
    withdraws: frozenset[type[Event]]
    timers: Mapping[type[Event], int]
    ends: frozenset[type[Event]] = frozenset()


class Pending(Value, frozen=True):
    """What a unit records: its answer, once the position of the batch is known.

    `count` is how many events the batch holds up to here.
    """

    unit: Unit
    events: tuple[str, ...]
    count: int


class Known(Value, frozen=True):
    """A key that was used: for which request, and what came of it."""

    digest: bytes
    outcome: Answer | Pending


class Added(Value, frozen=True):
    """A new event as it is stored; `count` as in `Pending`."""

    event: Event
    stream: str
    version: int
    topic: str
    document: bytes
    count: int

    @property
    def id(self) -> str:
        """Name the event."""
        return f"{self.stream}@{self.version}"


Outcome: TypeAlias = Answer | Pending | Exception


class Batch:
    """Collects what units record. Nothing of it holds until the versions in `reads` do."""

    def __init__(
        self,
        rules: Rules,
        states: dict[str, Versioned],
        known: Mapping[str, Known],
        now: datetime,
    ) -> None:
        self._rules = rules
        self._known = dict(known)
        self._now = now
        self.states = states
        self.reads: dict[str, int] = {}
        self.events: list[Added] = []
        self.keys: list[Pending] = []
        self.calls: list[Added] = []
        self.timers: list[tuple[Added, int]] = []
        self.withdrawn: set[str] = set()
        self.ended: set[str] = set()
        self.settled_calls: list[str] = []
        self.settled_timers: list[str] = []

    @property
    def has_effects(self) -> bool:
        """Say whether there is anything to record beside events and keys."""
        return any(
            (
                self.calls,
                self.timers,
                self.withdrawn,
                self.ended,
                self.settled_calls,
                self.settled_timers,
            )
        )

    def decide(self, unit: Unit, streams: Sequence[str]) -> Outcome:
        """Decide a unit, which sees what those before it record. A fault of it is its own."""
        if known := self._known.get(unit.key):
            return known.outcome if known.digest == unit.digest else KeyReused(KeyReused.__doc__)
        try:
            states = self._read(streams)
            decision = self._rules.decider.decide(unit.command, states)
            pending = self._record(unit, states, decision)
        except Exception as error:  # noqa: BLE001 - it is the answer of this unit alone
            return error
        self._known[unit.key] = Known(unit.digest, pending)
        return pending

    def _read(self, streams: Sequence[str]) -> dict[str, Any]:
        for stream in streams:
            version, state = self.states[stream].version, self.states[stream].state
            if isinstance(state, UnreadableStream):
                raise state
            self.reads.setdefault(stream, version)
        return {stream: self.states[stream].state for stream in streams}

    def _record(self, unit: Unit, states: Mapping[str, Any], decision: Decision) -> Pending:
        if unread := decision.keys() - states.keys():
            name = type(unit.command).__name__
            raise LookupError(f"{name} writes to streams that it did not read: {sorted(unread)}")
        after = {
            stream: self._rules.folds.evolve(stream, self.states[stream], events)
            for stream, events in decision.items()
        }
        added = self._added(unit, decision)
        # Nothing fails from here on, so that a unit is taken as a whole or not at all.
        self.states.update(after)
        self.events += added
        for event in added:
            self._follow(event)
        if unit.settles:
            timer = unit.key.startswith("timer:")
            (self.settled_timers if timer else self.settled_calls).append(unit.settles)
        pending = Pending(unit, tuple(event.id for event in added), len(self.events))
        self.keys.append(pending)
        return pending

    def _added(self, unit: Unit, decision: Decision) -> list[Added]:
        added: list[Added] = []
        for stream, events in decision.items():
            kind = aggregate_of(stream)
            for version, event in enumerate(events, self.states[stream].version + 1):
                recorded = Recorded(
                    event, self._rules.context, stream, version, 0, self._now, unit.cause
                )
                name = topic(kind, type(event))
                count = len(self.events) + len(added) + 1
                added.append(Added(event, stream, version, name, encode(recorded), count))
        return added

    def _follow(self, added: Added) -> None:
        kind = type(added.event)
        if kind in self._rules.withdraws:
            self.calls = [call for call in self.calls if call.stream != added.stream]
            self.withdrawn.add(added.stream)
        if kind in self._rules.ends:
            self.timers = [timer for timer in self.timers if timer[0].stream != added.stream]
            self.ended.add(added.stream)
        if kind in self._rules.calls:
            self.calls.append(added)
        if kind in self._rules.timers:
            self.timers.append((added, self._rules.timers[kind]))
