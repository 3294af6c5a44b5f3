"""Given what has happened, when something is asked for, then this is recorded, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias, get_args

import pytest

from ecommerce.kernel import Command, Decider, Decision, Event, Rejected, Value

Told: TypeAlias = Event | Mapping[str, Sequence[Event]]
"""Events of the one stream that the command reads, or a table of events by stream."""


class When(Value, frozen=True):
    """A command that is asked for after what has happened."""

    decider: Decider
    history: tuple[Told, ...]
    command: Command

    def then(self, *told: Told) -> None:
        """Compare what is recorded, and see that it belongs to the streams it goes to."""
        decision = {stream: events for stream, events in self.decision().items() if events}
        assert decision == {k: v for k, v in by_stream(self._only, *told).items() if v}
        fold(self.decider, decision)

    def rejects(self, rule: type[Rejected]) -> None:
        """Expect a refusal that names the broken rule and can be read by people."""
        with pytest.raises(rule, match=r"\w+ .*\.$"):
            self.decision()

    def decision(self) -> Decision:
        """Decide on the folded history."""
        history = by_stream(self._only, *self.history)
        read = self.decider.streams(self.command)
        assert set(history) <= set(read), f"{self.command} does not read all of {set(history)}"
        return self.decider.decide(
            self.command, fold(self.decider, {s: history.get(s, ()) for s in read})
        )

    @property
    def _only(self) -> str:
        return self.decider.streams(self.command)[0]


class Given(Value, frozen=True):
    """What has happened."""

    decider: Decider
    history: tuple[Told, ...]

    def when(self, command: Command) -> When:
        """Ask for something."""
        return When(self.decider, self.history, command)


def given(decider: Decider, *history: Told) -> Given:
    """Tell what has happened; nothing yet where no history is told."""
    return Given(decider, history)


def by_stream(only: str, *told: Told) -> dict[str, list[Event]]:
    """Put all that is told into one table; bare events go to the only stream."""
    table: dict[str, list[Event]] = {}
    for part in told:
        for stream, events in ({only: [part]} if isinstance(part, Event) else part).items():
            table.setdefault(stream, []).extend(events)
    return table


def fold(decider: Decider, history: Mapping[str, Sequence[Event]]) -> dict[str, Any]:
    """Make each stream's events its state; every event must be one of that stream's kind."""
    return {stream: _fold(decider, stream, events) for stream, events in history.items()}


def _fold(decider: Decider, stream: str, events: Sequence[Event]) -> Any:
    kind = decider.folds[stream.partition("-")[0]]
    known = get_args(kind.events)
    assert all(type(event) in known for event in events), f"{stream} cannot hold all of {events}"
    return reduce(kind.evolve, events, kind.initial)
