"""What the bus must know of a context."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ecommerce.kernel import Command, Event, Value
from ecommerce.store.envelope import members

React = Callable[[Any, str], Iterable[Command]]
"""A policy: an event and its id in, commands out."""


class Member(Value, frozen=True):
    """A context as the bus sees it; what it publishes stands in `ecommerce.events.PUBLISHED`."""

    name: str
    queues: int = 0
    """How many queues its instances share: 1, 2, 3, 4, 6 or 12; 0 where it reacts to nothing."""
    trigger: Any = None
    """The union of the events that its policy takes."""
    react: React | None = None
    histories: tuple[str, ...] = ()
    """The other contexts whose history its projections read, as the projections' types say."""

    @property
    def triggers(self) -> tuple[type[Event], ...]:
        """List the events that the context reacts to."""
        return members(self.trigger) if self.trigger else ()
