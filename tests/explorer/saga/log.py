"""A context's log in memory: its decider decides, its row of the table says what else follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from ecommerce.aggregates import inventory, notifications, orders, payments
from ecommerce.contexts import Context
from ecommerce.kernel import Command, Decision, Event, Value
from ecommerce.store.envelope import aggregate_of

Reached: TypeAlias = Counter[tuple[str, str]]
"""How often what came met which state."""


class Told(Value, frozen=True):
    """An event of a log."""

    context: str
    stream: str
    version: int
    event: Event

    @property
    def id(self) -> str:
        return f"{self.stream}@{self.version}"

    @property
    def type(self) -> str:
        return type(self.event).__name__


class Due:
    """A row of `calls`: what is to be done outside, and how far that is.

    `stage` is `waiting`, `begun` or `made`; of no attempts, nobody outside has heard.
    """

    def __init__(self, told: Told) -> None:
        self.told = told
        self.attempts = 0
        self.stage = "waiting"
        self.answer: Command | None = None

    @property
    def under_way(self) -> bool:
        return self.stage != "waiting"

    def lose(self) -> None:
        """Lose what was under way, and the answer with it."""
        self.stage, self.answer = "waiting", None

    def put_back(self) -> None:
        """Take an attempt for none: nothing was sent."""
        self.stage, self.attempts = "waiting", self.attempts - 1


class Log:
    """What one context has committed."""

    def __init__(self, context: Context, reached: Reached) -> None:
        assert context.decider
        self.context = context
        self.name = context.name
        self.events: list[Told] = []
        self.states: dict[str, Any] = {}
        self.keys: set[str] = set()
        self.calls: dict[str, list[Due]] = {}
        self.timers: dict[str, Told] = {}
        self._decider = context.decider
        self._reached = reached
        self._versions = Counter[str]()

    def state(self, stream: str) -> Any:
        """Give the state of a stream."""
        if stream not in self.states:
            self.states[stream] = self._decider.folds[aggregate_of(stream)].initial
        return self.states[stream]

    def record(self, key: str | None, command: Command, came: str) -> list[Told]:
        """Record what follows, once for each key. `came` is what the command is about."""
        if key in self.keys:
            return []
        decision = self.decide(command, came)
        if key:
            self.keys.add(key)
        return [
            self._append(stream, event) for stream, events in decision.items() for event in events
        ]

    def decide(self, command: Command, came: str | None = None) -> Decision:
        """Say what would follow, and note that it `came`."""
        streams = self._decider.streams(command)
        states = {stream: self.state(stream) for stream in streams}
        if came:
            self._reached[label(states[streams[0]]), came] += 1
        return self._decider.decide(command, states)

    def _append(self, stream: str, event: Event) -> Told:
        fold = self._decider.folds[aggregate_of(stream)]
        self.states[stream] = fold.evolve(self.states[stream], event)
        self._versions[stream] += 1
        told = Told(self.name, stream, self._versions[stream], event)
        self.events.append(told)
        self._follow(told)
        return told

    def _follow(self, told: Told) -> None:
        """Do what the command loop does in the transaction of an event."""
        kind, context = type(told.event), self.context
        if kind in context.withdraws:
            self._keep(
                told.stream, [due for due in self.calls.get(told.stream, []) if due.attempts]
            )
        if kind in context.ends:
            self.timers.pop(told.stream, None)
        if kind in context.intents:
            self.calls.setdefault(told.stream, []).append(Due(told))
        if kind in context.timers:
            self.timers[told.stream] = told

    def drop(self, due: Due) -> None:
        """Take a call back, or note that it is settled."""
        self._keep(
            due.told.stream, [other for other in self.calls[due.told.stream] if other is not due]
        )

    def _keep(self, stream: str, calls: list[Due]) -> None:
        if calls:
            self.calls[stream] = calls
        else:
            self.calls.pop(stream, None)

    def withdrawn(self, due: Due) -> bool:
        """Say whether a call was taken back after it was recorded."""
        return any(
            type(told.event) in self.context.withdraws
            for told in self.events
            if told.stream == due.told.stream and told.version > due.told.version
        )


def _payment(payment: payments.Payment) -> str:
    early = ", cleared" if payment.cleared and payment.status is payments.Status.NEW else ""
    return f"payment {payment.status.value}{early}{', closed' if payment.closed else ''}"


_LABELS: Final[dict[Any, Callable[[Any], str]]] = {
    orders.Order: lambda order: f"order {order.status.value}",
    payments.Payment: _payment,
    inventory.Reservation: lambda reservation: f"reservation {reservation.held.value}",
    inventory.Stock: lambda stock: f"stock {'left' if stock.available else 'out'}",
    notifications.Notification: lambda mail: f"mail {mail.status.value}",
}


def label(state: Any) -> str:
    """Name a state, as far as it makes a difference to what may follow."""
    return _LABELS[type(state)](state)
