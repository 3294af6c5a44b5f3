"""How far the log of a context is published: the one row of the table `relay`."""

from __future__ import annotations

from typing import Any, Final, LiteralString, NamedTuple

from ecommerce.store.connection import Connection

_REACHED: Final = "select position, previous from relay"
_REACH: Final = """
    update relay set position = %s, previous = %s where position = %s and previous = %s
"""
_STANDING: Final = """
    select position, position >= (select coalesce(max(notification_id), 0) from events) from relay
"""


class Reached(NamedTuple):
    """The position up to which all is published, and that of the last public event."""

    position: int
    previous: int


async def reached(connection: Connection) -> Reached:
    """Say how far it is published."""
    return Reached(*await _row(connection, _REACHED))


async def advance(connection: Connection, since: Reached, to: Reached) -> bool:
    """Note how far it is published now. False where it was set back meanwhile, and stays there."""
    return (await connection.execute(_REACH, (*to, *since))).rowcount == 1


async def standing(connection: Connection) -> tuple[int, bool]:
    """Say up to which position it is published, and whether that is all there is."""
    position, at_head = await _row(connection, _STANDING)
    return position, at_head


async def _row(connection: Connection, query: LiteralString) -> Any:
    row = await (await connection.execute(query)).fetchone()
    if row is None:
        raise LookupError(f"the database answers nothing to: {query}")
    return row
