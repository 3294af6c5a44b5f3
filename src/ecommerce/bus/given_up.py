"""A context's parked queue: what could not be read, and what the broker gave up.

The broker does not let another publish such a message again as its sender did, so it is taken out
of the queue into a row, and is a parked message like any other from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from ecommerce.bus.message import Received, Unreadable, read
from ecommerce.bus.parking import as_json, writable
from ecommerce.bus.topology import parked
from ecommerce.kernel import Value
from ecommerce.store.connection import Connection

GIVEN_UP: Final = "given up by the broker"

UNREADABLE: Final = "unreadable"
"""The reason of what is no event or not its sender's: nothing can ever follow from it."""

_INTO_A_ROW: Final = """
    insert into parked
        (key, message_id, source, routing_key, headers, body, reason, detail, attempts)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (message_id, digest) do update set attempts = excluded.attempts
    returning id
"""


class GivenUp(Value, frozen=True):
    """A message in the parked queue; `id` tells it from others there."""

    id: str
    message_id: str
    sender: str
    routing_key: str
    headers: Mapping[str, Any]
    body: bytes
    received: Received | None
    """What it tells, where it can be read and is what it pretends to be."""
    detail: str
    attempts: int
    parked_at: datetime

    @property
    def key(self) -> str:
        """Say what it is about; nothing else is, where it cannot be read."""
        return self.received.key if self.received else f"unreadable {self.id}"

    @property
    def type(self) -> str:
        """Name what it tells, where it can be read."""
        return self.received.envelope.type if self.received else ""

    @property
    def reason(self) -> str:
        """Say why it is here."""
        return GIVEN_UP if self.received else UNREADABLE


async def look(channel: AbstractChannel, context: str) -> list[GivenUp]:
    """List what is in the parked queue. It goes back there once the channel is closed."""
    return [given_up for _, given_up in await _all(channel, context)]


async def into_rows(
    channel: AbstractChannel, context: str, wanted: Collection[str], db: Connection
) -> dict[str, int]:
    """Take messages out of the parked queue into rows, and name the row of each that was there.

    The other messages go back once the channel is closed.
    """
    rows = {}
    for message, given_up in await _all(channel, context):
        if given_up.id in wanted:
            cursor = await db.execute(_INTO_A_ROW, _values(given_up))
            ((rows[given_up.id],),) = await cursor.fetchall()
            await message.ack()
    return rows


async def _all(
    channel: AbstractChannel, context: str
) -> list[tuple[AbstractIncomingMessage, GivenUp]]:
    queue = await channel.get_queue(parked(context), ensure=False)
    found = []
    while message := await queue.get(fail=False):
        found.append((message, _given_up(message)))
    return found


def _given_up(message: AbstractIncomingMessage) -> GivenUp:
    death = _last_death(message)
    came_by = str(death.get("exchange", ""))
    try:
        received = read(message.body, message.properties, came_by, message.routing_key)
        trouble = "it was delivered too often: it may end its process"
    except Unreadable as error:
        received, trouble = None, str(error)
    since = death.get("time")
    return GivenUp(
        id="q" + sha256((message.message_id or "").encode() + message.body).hexdigest()[:12],
        message_id=message.message_id or "",
        sender=message.user_id or "",
        routing_key=message.routing_key or "",
        headers=message.headers,
        body=message.body,
        received=received,
        detail=trouble,
        attempts=int(str(message.headers.get("x-delivery-count", 0))),
        parked_at=since if isinstance(since, datetime) else datetime.now(UTC),
    )


def _last_death(message: AbstractIncomingMessage) -> Mapping[str, Any]:
    """Say how the message came here. The broker puts the last time first, whatever it was sent."""
    deaths: Any = message.headers.get("x-death")
    return deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else {}


def _values(given_up: GivenUp) -> tuple[Any, ...]:
    # An id that nobody vouches for names no event: it may be that of another.
    vouched = given_up.received is not None
    return (
        given_up.key,
        given_up.message_id if vouched else f"unreadable-{given_up.id}",
        writable(given_up.sender),
        writable(given_up.routing_key),
        as_json(given_up.headers),
        given_up.body,
        given_up.reason,
        writable(given_up.detail),
        given_up.attempts,
    )
