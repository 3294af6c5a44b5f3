"""What becomes of a message: recorded once, held through an outage, or parked with its key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from ecommerce.bus.message import Received
from ecommerce.bus.parking import BEHIND, blocked_keys, park, park_behind
from ecommerce.bus.persisting import RETRIES, persist, record
from ecommerce.bus.reaction import Reaction, Unfit
from ecommerce.faults import reach
from ecommerce.store.connection import Pool
from ecommerce.store.unit import Submit

_log = structlog.get_logger()


class Inbox:
    """Deals with the messages of one queue, each in the lane of its key."""

    def __init__(
        self,
        reaction: Reaction,
        pool: Pool,
        submit: Submit,
        retries: Sequence[float] = RETRIES,
    ) -> None:
        self._reaction = reaction
        self._pool = pool
        self._submit = submit
        self._retries = retries
        self._blocked: set[str] | None = None
        self._loading = asyncio.Lock()
        self._holding = False

    async def take(self, received: Received, stop: asyncio.Event) -> bool:
        """Record or park what follows from a message, however long that takes.

        Answers no when `stop` is set or the loop is stopping: the broker is to keep the message.
        """

        async def settle(failures: Sequence[str]) -> bool:
            await self._settle(received, failures)
            return True

        done = await persist(settle, stop, self._retries, received.envelope.id, self._tell_holding)
        return done is not None

    async def _settle(self, received: Received, failures: Sequence[str]) -> None:
        if await self._stands_behind(received):
            return
        try:
            await record(self._reaction, self._submit, received, failures, self._retries)
        except Unfit as unfit:
            await park(self._pool, received, unfit, len(failures) or 1)
            (await self._blocked_keys()).add(received.key)
            self._tell_parked(received, unfit.reason)

    async def _stands_behind(self, received: Received) -> bool:
        blocked = await self._blocked_keys()
        if received.key not in blocked:
            return False
        if await park_behind(self._pool, received):
            self._tell_parked(received, BEHIND)
            return True
        blocked.discard(received.key)
        return False

    async def _blocked_keys(self) -> set[str]:
        if self._blocked is not None:
            return self._blocked
        # Only who consumes a queue blocks its keys, and the first message comes after the last
        # consumer has let go: what is parked by then, and what we park ourselves, is all there is.
        async with self._loading:
            if self._blocked is None:
                self._blocked = await blocked_keys(self._pool)
        return self._blocked

    def _tell_parked(self, received: Received, reason: str) -> None:
        reach("consumer.parked")
        _log.error("message.parked", message=received.envelope.id, reason=reason)

    def _tell_holding(self, error: Exception | None) -> None:
        if error and not self._holding:
            _log.warning("inbox.holding", error=repr(error))
        if self._holding and not error:
            _log.info("inbox.resumed")
        self._holding = error is not None
