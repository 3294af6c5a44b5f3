"""The bus in memory: in order within a stream, in no order across streams."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ecommerce.contexts import Context
from ecommerce.kernel import Event
from explorer.saga.log import Told

Lane = tuple[str, str]
"""Who hears, and of which stream."""


class Bus:
    """Keeps for each context what it has not acknowledged, and all that it was ever sent."""

    def __init__(self, listeners: Mapping[type[Event], tuple[str, ...]]) -> None:
        self.lanes: dict[Lane, deque[tuple[int, Told]]] = {}
        """What waits, numbered in the order in which it was sent."""
        self.sent: dict[tuple[str, str, str], Told] = {}
        """By who hears, the stream, and the event's type."""
        self._listeners = listeners
        self._count = 0

    def publish(self, told: Told) -> None:
        """Send an event to whoever listens."""
        for context in self._listeners.get(type(told.event), ()):
            self._count += 1
            self.lanes.setdefault((context, told.stream), deque()).append((self._count, told))
            self.sent[context, told.stream, told.type] = told

    def find(self, lane: Lane, event: str, *, early: bool) -> Told | None:
        """Find a message that waits: the next one of a lane, or an early one."""
        waiting = self.lanes.get(lane, ())
        if not early:
            return waiting[0][1] if waiting and waiting[0][1].type == event else None
        return next((told for _, told in waiting if told.type == event), None)

    def acknowledge(self, lane: Lane, told: Told) -> bool:
        """Forget a message; say whether it overtook one of another stream."""
        waiting = self.lanes[lane]
        (number,) = [number for number, other in waiting if other is told]
        waiting.remove((number, told))
        if not waiting:
            del self.lanes[lane]
        return any(
            context == lane[0] and others[0][0] < number
            for (context, stream), others in self.lanes.items()
            if stream != lane[1]
        )


def listeners(contexts: Mapping[str, Context]) -> dict[type[Event], tuple[str, ...]]:
    """List who listens to each event."""
    found: dict[type[Event], tuple[str, ...]] = {}
    for context in contexts.values():
        for event in context.member.triggers:
            found[event] = (*found.get(event, ()), context.name)
    return found
