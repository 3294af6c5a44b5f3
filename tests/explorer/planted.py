"""Bugs as somebody might write them: each takes the place of one real part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ecommerce.kernel import Rejected
from ecommerce.store.batch import Batch, Known, Outcome, Pending
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.folds import Versioned
from ecommerce.store.held import Held
from ecommerce.store.line import Waiting
from ecommerce.store.lookup import Found
from ecommerce.store.unit import Unit
from explorer.memory_writer import MemoryWriter

NOW: Final = datetime(2026, 1, 2, tzinfo=UTC)


class Trusting(MemoryWriter):
    """Reads only what is not held: what is held may be stale, and the append finds out."""

    async def read(self, versions: Mapping[str, int], keys: Sequence[str]) -> Found:
        locked = self.session and self.session.locking
        unheld = {stream: version for stream, version in versions.items() if locked or not version}
        return await super().read(unheld, keys)


class RefusesUnchecked(Batch):
    """Does not have checked what a refusal was made on."""

    def decide(self, unit: Unit, streams: Sequence[str]) -> Outcome:
        before = dict(self.reads)
        outcome = super().decide(unit, streams)
        if isinstance(outcome, Rejected):
            self.reads = before
        return outcome


class RefusesAtOnce(CommandLoop):
    """Answers a refusal before what it was made on is recorded."""

    async def _load(
        self, units: list[Waiting], *, locked: bool
    ) -> tuple[dict[str, Versioned], Mapping[str, Known]]:
        states, known = await super()._load(units, locked=locked)
        batch = Batch(self._rules, dict(states), known, NOW)
        for waiting in units:
            outcome = batch.decide(waiting.unit, waiting.streams)
            if isinstance(outcome, Rejected):
                waiting.fail(outcome)
        return states, known


class LooksKeysUpLate(Batch):
    """Decides first, and then looks whether that has happened already."""

    def decide(self, unit: Unit, streams: Sequence[str]) -> Outcome:
        try:
            self._rules.decider.decide(unit.command, self._read(streams))
        except Exception as error:  # noqa: BLE001 - the unit's answer, as in the real one
            return error
        return super().decide(unit, streams)


class HoldsTooEarly(CommandLoop):
    """Holds new states as soon as they are decided."""

    async def _load(
        self, units: list[Waiting], *, locked: bool
    ) -> tuple[dict[str, Versioned], Mapping[str, Known]]:
        states, known = await super()._load(units, locked=locked)
        return _Holding(states, self._held), known


class _Holding(dict[str, Versioned]):
    def __init__(self, states: dict[str, Versioned], held: Held) -> None:
        super().__init__(states)
        self._held = held

    def update(self, after: Any = (), /, **_: Versioned) -> None:
        super().update(after)
        for stream, versioned in dict(after).items():
            self._held.hold(stream, versioned)


class ChecksOnlyWhatItWrites(Batch):
    """Does not have checked what a decision only read."""

    def decide(self, unit: Unit, streams: Sequence[str]) -> Outcome:
        before = dict(self.reads)
        outcome = super().decide(unit, streams)
        if isinstance(outcome, Pending) and outcome.events:
            written = {event.stream for event in self.events}
            self.reads = before | {s: at for s, at in self.reads.items() if s in written}
        return outcome
