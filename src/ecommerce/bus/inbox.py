"""What becomes of a message: recorded once, held through an outage, or parked with its key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from traceback import format_exc
from typing import Final

import structlog

from ecommerce.bus.connection import OUTAGES, pauses, wait
from ecommerce.bus.message import Received
from ecommerce.bus.parking import blocked_keys, is_blocked, park
from ecommerce.bus.reaction import Reaction, Unfit
from ecommerce.faults import reach
from ecommerce.store.connection import Pool
from ecommerce.store.unit import Answer, KeyReused, LoopFull, LoopStopped, StoreUnavailable, Unit

Submit = Callable[[Unit], Awaitable[Answer]]

TRIES: Final = 4
"""How often a message may fail for a reason of its own before it is parked."""

_HOLD: Final = (*OUTAGES, StoreUnavailable, LoopFull)
_log = structlog.get_logger()


class Inbox:
    """Deals with the messages of one queue, each in the lane of its key."""

    def __init__(self, reaction: Reaction, pool: Pool, submit: Submit) -> None:
        self._reaction = reaction
        self._pool = pool
        self._submit = submit
        self._blocked: set[str] | None = None
        self._loading = asyncio.Lock()
        self._holding = False

    async def take(self, received: Received, stop: asyncio.Event) -> bool:
        """Record or park what follows from a message, however long that takes.

        Answers no when `stop` is set or the loop is stopping: the broker is to keep the message.
        """
        waits, failures = pauses(first=0.05), list[str]()
        while not stop.is_set():
            try:
                await self._settle(received, failures)
            except LoopStopped:
                return False
            except _HOLD as error:
                self._tell_holding(error)
            except Exception:  # noqa: BLE001 - a message must not be lost, whatever goes wrong
                failures.append(format_exc())
                _log.exception("message.failed", message=received.envelope.id)
            else:
                self._tell_holding(None)
                return True
            await wait(stop, next(waits))
        return False

    async def _settle(self, received: Received, failures: list[str]) -> None:
        if await self._is_blocked(received.key):
            await self._park(received, Unfit("behind parked"), 0)
        elif len(failures) >= TRIES:
            await self._park(received, Unfit("not recorded", failures[-1]), TRIES)
        else:
            try:
                await self._record(received)
            except Unfit as unfit:
                await self._park(received, unfit, len(failures) + 1)

    async def _record(self, received: Received) -> None:
        units = self._reaction.units(received)
        results = await asyncio.gather(*map(self._submit, units), return_exceptions=True)
        for result in results:
            if isinstance(result, KeyReused):
                raise Unfit("forked history", str(result)) from result
            if isinstance(result, BaseException):
                raise result

    async def _is_blocked(self, key: str) -> bool:
        # Only who consumes a queue parks its keys, and the first message comes after the last
        # consumer has let go: what is parked by then, and what we park ourselves, is all there is.
        async with self._loading:
            if self._blocked is None:
                self._blocked = await blocked_keys(self._pool)
        return key in self._blocked and await is_blocked(self._pool, key)

    async def _park(self, received: Received, unfit: Unfit, attempts: int) -> None:
        await park(self._pool, received, unfit, attempts)
        reach("consumer.parked")
        if self._blocked is not None:
            self._blocked.add(received.key)
        _log.error("message.parked", message=received.envelope.id, reason=unfit.reason)

    def _tell_holding(self, error: Exception | None) -> None:
        if error and not self._holding:
            _log.warning("inbox.holding", error=repr(error))
        if self._holding and not error:
            _log.info("inbox.resumed")
        self._holding = error is not None
