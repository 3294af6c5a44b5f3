"""Lets any context record that a person has given a parked message up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ecommerce.events.parking import MessageDiscarded
from ecommerce.kernel import Command, Decider, Decision, Fold, Streams

FOLD: Final = Fold(None, lambda state, _event: state, MessageDiscarded)


class DiscardMessage(Command, frozen=True):
    """Give a parked message up, for a reason."""

    message_id: str
    message_type: str
    trouble: str
    reason: str


class Discarding:
    """A context's decider that takes `DiscardMessage` too."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self.folds: Mapping[str, Fold] = {**decider.folds, "parked": FOLD}

    def streams(self, command: Any) -> Sequence[str]:
        """Name the streams that a command reads."""
        if isinstance(command, DiscardMessage):
            return [f"parked-{command.message_id}"]
        return self._decider.streams(command)

    def decide(self, command: Any, states: Streams) -> Decision:
        """Say what follows from a command."""
        if not isinstance(command, DiscardMessage):
            return self._decider.decide(command, states)
        fact = MessageDiscarded(
            command.message_id, command.message_type, command.trouble, command.reason
        )
        return {f"parked-{command.message_id}": [fact]}
