"""What each context that reacts to others tells of the messages that it could not handle."""

from __future__ import annotations

from ecommerce.kernel import Event


class MessageDiscarded(Event, frozen=True):
    """A person decided that what follows from a message shall never happen here.

    `trouble` says why the message had been parked, `reason` why it was given up.
    """

    message_id: str
    message_type: str
    trouble: str
    reason: str
