"""Feeds parked messages again once that is asked for: a key's rows in order, until one fails.

The command line only marks rows; a running instance of the context does the rest, so that its
command loop stays the only writer. No lane is needed beside the consumer's. While a key has rows,
its later messages park behind them, and the last row is taken away under the key's lock. A row goes
after its effect is recorded, under the message's own key: whoever is killed between the two, or is
taken for dead, has its rows fed again by another instance, and they have no effect a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog

from ecommerce.bus import parked_rows as rows
from ecommerce.bus.connection import is_outage, pauses, wait
from ecommerce.bus.member import Member
from ecommerce.bus.message import Received
from ecommerce.bus.parked_rows import Row
from ecommerce.bus.persisting import RETRIES, persist, record
from ecommerce.bus.reaction import Reaction, Unfit
from ecommerce.faults import reach
from ecommerce.store.connection import Pool
from ecommerce.store.discards import DiscardMessage
from ecommerce.store.envelope import Cause
from ecommerce.store.unit import Submit, Unit, digest

POLL: Final = 0.5
"""Seconds between two looks at what is asked for."""

SIDE_BY_SIDE: Final = 16
"""How many keys are fed at once."""

CLAIMS: Final = 3
"""How many processes may end with a message in hand before it is left alone."""

OPERATOR: Final = "operator"
"""Who acts where somebody discards a message."""

_log = structlog.get_logger()


class Redrive:
    """What one instance does about the parked messages of its context."""

    def __init__(
        self,
        member: Member,
        pool: Pool,
        submit: Submit,
        instance: str,
        retries: Sequence[float] = RETRIES,
    ) -> None:
        self._reaction = Reaction(member)
        self._pool = pool
        self._submit = submit
        self._instance = instance
        self._retries = retries
        self._in_hand = 0
        self._stop = asyncio.Event()
        self._began = False

    async def run(self) -> None:
        """Do what is asked for until cancelled; what is left undone, another instance does."""
        waits = pauses()
        async with asyncio.TaskGroup() as keys:
            while not self._stop.is_set():
                try:
                    for row in await self._due():
                        keys.create_task(self._feed(row))
                except Exception as error:  # noqa: BLE001 - the messages that come do not wait
                    tell = _log.warning if is_outage(error) else _log.exception
                    tell("redrive.waits", error=repr(error))
                    await wait(self._stop, next(waits))
                else:
                    waits = pauses()
                    await wait(self._stop, POLL)

    async def _due(self) -> list[Row]:
        if not self._began:
            # A container that is started again has the name that it had.
            await rows.release(self._pool, self._instance)
            # What newer code had sent is understood from the first start of such code on.
            await rows.ask_known(self._pool, self._reaction.knows)
            self._began = True
        free = SIDE_BY_SIDE - self._in_hand
        return await rows.claim(self._pool, self._instance, free) if free else []

    async def _feed(self, row: Row) -> None:
        """Feed a row, and those behind it."""
        self._in_hand += 1
        following = [row]
        try:
            while following:
                (row,) = following
                settle = partial(self._settle, row)
                settled = await persist(settle, self._stop, self._retries, row.message_id)
                if settled is None:
                    self._stop.set()
                    await rows.release(self._pool, self._instance, row.id)
                following = settled or []
        finally:
            self._in_hand -= 1

    async def _settle(self, row: Row, failures: Sequence[str]) -> list[Row]:
        """Be done with a row; answer the one that can be fed next, if there is one."""
        try:
            if row.discard_reason is None:
                received = _received(row)
                await record(self._reaction, self._submit, received, failures, self._retries)
                _log.info("message.redriven", message=row.message_id)
            else:
                await self._submit(_discarding(row, row.discard_reason))
                _log.warning("message.discarded", message=row.message_id, why=row.discard_reason)
        except Unfit as unfit:
            await rows.keep(self._pool, row, unfit, len(failures) or 1)
            _log.error("message.parked", message=row.message_id, reason=unfit.reason)
            return []
        reach("redrive.recorded")
        return await rows.remove(self._pool, row, self._instance)


def _received(row: Row) -> Received:
    if row.claims > CLAIMS:
        raise Unfit("ended its process", f"{CLAIMS} processes ended while they had it in hand")
    return row.received()


def _discarding(row: Row, reason: str) -> Unit:
    envelope = row.envelope
    cause = Cause(
        correlation_id=envelope.correlationid if envelope else row.message_id,
        causation_id=row.message_id,
        actor=OPERATOR,
        traceparent=envelope.traceparent if envelope else None,
    )
    command = DiscardMessage(row.message_id, row.type, row.reason, reason)
    return Unit(f"discard:{row.id}", digest(row.body), cause, command)
