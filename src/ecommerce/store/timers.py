"""Does what must be done later, by a clock that stands still while the context hears nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg
import structlog

from ecommerce.kernel import Command, Event
from ecommerce.store.codec import Codec
from ecommerce.store.connection import Pool
from ecommerce.store.unit import Submit, Unit, caused_by, digest

TICK: Final = 1.0
"""Seconds between two looks at the clock."""

LEASE: Final = 30
"""Seconds of the clock for which a due timer belongs to the instance that has taken it."""

_AT_ONCE: Final = 128

_log = structlog.get_logger()

# Whole seconds are counted, the rest is kept for the next time. A gap of more than three means that
# nobody was connected, or that nobody ran: it does not count.
_ADVANCE: Final = """
update clock set
    seconds = seconds + case when now() - advanced_at < interval '4 seconds'
        then floor(extract(epoch from now() - advanced_at))::bigint else 0 end,
    advanced_at = case when now() - advanced_at < interval '4 seconds'
        then advanced_at + floor(extract(epoch from now() - advanced_at)) * interval '1 second'
        else now() end
where advanced_at <= now() - interval '1 second'
"""

# Materialized, lest the planner run the limited part once for each row of the table.
_TAKE: Final = """
with taken as materialized (
    select id from timers where due <= (select seconds from clock)
    order by due limit %s for update skip locked
)
update timers set due = due + %s from taken where timers.id = taken.id
returning timers.id, event, position
"""


class Ticker:
    """Submits the command of each timer of one context when it is due.

    The clock is advanced while `connected` says that the context's consumers hear what happens: an
    outage extends every timer by its length. Several tickers share the clock and the timers.
    """

    def __init__(
        self,
        pool: Pool,
        submit: Submit,
        due: Mapping[type[Event], Callable[[Any], Command]],
        connected: Callable[[], bool],
    ) -> None:
        self._pool = pool
        self._submit = submit
        self._due = due
        self._codec = Codec(due)
        self._connected = connected

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            if self._connected():
                try:
                    await self.tick()
                except psycopg.Error as error:
                    _log.warning("timers.unavailable", error=str(error))
            await asyncio.sleep(TICK)

    async def tick(self) -> None:
        """Advance the clock, and submit what is due. Raises `psycopg.Error`."""
        async with self._pool.connection() as connection:
            await connection.execute(_ADVANCE, prepare=True)
        while await self._submit_due() == _AT_ONCE:
            pass

    async def _submit_due(self) -> int:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_TAKE, (_AT_ONCE, LEASE), prepare=True)
            taken = await cursor.fetchall()
        await asyncio.gather(*(self._fire(*timer) for timer in taken))
        return len(taken)

    async def _fire(self, timer: str, event: bytes, position: int) -> None:
        try:
            await self._submit(self._unit(timer, event, position))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is due again after the lease
            _log.warning("timer.failed", timer=timer, error=repr(error))

    def _unit(self, timer: str, event: bytes, position: int) -> Unit:
        recorded = self._codec.decode(event, position)
        if recorded is None:
            raise LookupError("no command for this event")
        key, command = f"timer:{timer}", self._due[type(recorded.event)](recorded.event)
        return Unit(key, digest(key), caused_by(recorded), command, settles=timer)
