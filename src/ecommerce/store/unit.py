"""A unit is what must be recorded together, at most once, and what is answered to who asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from ecommerce.kernel import Command, Value
from ecommerce.store.envelope import Cause, Recorded


class Unit(Value, frozen=True):
    """A command under a key that makes it happen at most once.

    Keys are typed: `msg:<source>:<event id>`, `http:<caller>:<route>:<Idempotency-Key>`,
    `timer:<id>`, `call:<id>`. The digest tells the same request from another under the same key.
    """

    key: str
    digest: bytes
    cause: Cause
    command: Command
    settles: str | None = None
    """The id of the row that this unit removes in the same transaction.

    It is one of `timers` where the key is a timer's, else one of `calls`.
    """


class Answer(Value, frozen=True):
    """What a unit recorded: its events' ids, and the log's position that holds them all."""

    events: tuple[str, ...]
    position: int
    replayed: bool = False
    """The unit had happened before; this is what it answered then."""


Submit: TypeAlias = Callable[[Unit], Awaitable[Answer]]
"""The command loop's way in. Raises `Rejected`, or a `LoopError`."""


class LoopError(Exception):
    """The command loop did not record the unit, for no fault of its command."""


class LoopFull(LoopError):
    """More is waiting to be recorded than is allowed to wait. Try again shortly."""


class LoopStopped(LoopError):
    """The service is stopping and takes no more commands."""


class StoreUnavailable(LoopError):
    """The database does not answer. Nothing is known to be recorded; the same key is safe."""


class KeyReused(LoopError):
    """This key was used before, for another request."""


def digest(content: object) -> bytes:
    """Make the digest of a request or a message."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return blake2b(body, digest_size=16).digest()


def caused_by(recorded: Recorded[Any]) -> Cause:
    """Say why a unit happens that follows from an event of the context itself."""
    return Cause(
        recorded.cause.correlation_id, recorded.id, recorded.source, recorded.cause.traceparent
    )
