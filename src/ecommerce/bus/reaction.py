"""From a message to the units that it asks for: decoded, put to the policy, keyed."""

from __future__ import annotations

from collections.abc import Sequence
from traceback import format_exc
from typing import Final

import msgspec
import structlog

from ecommerce.bus.member import Member
from ecommerce.bus.message import Received
from ecommerce.events import PUBLISHED
from ecommerce.kernel import Command
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import Cause, Envelope, members
from ecommerce.store.unit import Unit, digest

_KNOWN: Final = frozenset(
    event.__name__
    for aggregates in PUBLISHED.values()
    for union in aggregates.values()
    for event in members(union)
)
_log = structlog.get_logger()


class Unfit(Exception):
    """This message cannot be handled, however often it is tried; it is to be parked."""

    def __init__(self, reason: str, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Reaction:
    """What a context does about a message."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._codec = Codec(member.triggers)
        self._versions = {event.__name__: event.version for event in member.triggers}

    def units(self, received: Received) -> list[Unit]:
        """Make the units, none where the policy wants nothing. Raises `Unfit`."""
        envelope, commands = received.envelope, self._commands(received)
        key, cause = f"msg:{envelope.source}:{envelope.id}", self._cause(envelope)
        content = digest(received.body)
        return [
            Unit(key if number == 1 else f"{key}/{number}", content, cause, command)
            for number, command in enumerate(commands, 1)
        ]

    def knows(self, envelope: Envelope) -> bool:
        """Say whether this code is new enough for a message."""
        try:
            self._check(envelope)
        except Unfit:
            return False
        return True

    def _commands(self, received: Received) -> Sequence[Command]:
        envelope = received.envelope
        self._check(envelope)
        if envelope.type not in self._versions:
            # A binding that an earlier version of the policy has left: `topology apply` ends it.
            _log.info("message.unasked", message=envelope.id, type=envelope.type)
            return ()
        try:
            recorded = self._codec.read(envelope, received.position)
        except msgspec.MsgspecError as error:
            raise Unfit("unreadable data", str(error)) from error
        if recorded is None or self._member.react is None:
            raise Unfit("unknown type", received.envelope.type)
        try:
            return list(self._member.react(recorded.event, recorded.id))
        except Exception as error:
            raise Unfit("policy failed", format_exc()) from error

    def _check(self, envelope: Envelope) -> None:
        known, version = self._versions.get(envelope.type), envelope.dataschema.rpartition(".v")[2]
        if known is None:
            if envelope.type not in _KNOWN:
                raise Unfit("unknown type", envelope.type)
        elif not version.isdecimal() or int(version) > known:
            raise Unfit("needs newer code", f"{envelope.dataschema}, and version {known} is known")

    def _cause(self, envelope: Envelope) -> Cause:
        return Cause(
            correlation_id=envelope.correlationid,
            causation_id=envelope.id,
            actor=self._member.name,
            traceparent=envelope.traceparent,
        )
