"""What becomes of a message: recorded once, held through an outage, or parked with its key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from traceback import format_exc
from typing import Final, TypeVar

import structlog

from ecommerce.bus.connection import is_outage, pauses, wait
from ecommerce.bus.message import Received
from ecommerce.bus.parking import BEHIND, blocked_keys, park, park_behind
from ecommerce.bus.reaction import Reaction, Unfit
from ecommerce.faults import reach
from ecommerce.store.connection import Pool
from ecommerce.store.unit import (
    KeyReused,
    LoopFull,
    LoopStopped,
    StoreUnavailable,
    Submit,
    Unit,
)

T = TypeVar("T")

RETRIES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Seconds between the tries of a message that fails for a reason of its own: a minute in all."""

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


async def record(
    reaction: Reaction,
    submit: Submit,
    received: Received,
    failures: Sequence[str],
    retries: Sequence[float],
) -> None:
    """Record what follows from a message. Raises `Unfit` where that never works."""
    if len(failures) > len(retries):
        raise Unfit("not recorded", failures[-1])
    try:
        await _submit_all(submit, reaction.units(received))
    except KeyReused as error:
        raise Unfit("forked history", str(error)) from error


async def _submit_all(submit: Submit, units: Sequence[Unit]) -> None:
    """Have all of them recorded. Raises what the first of those that failed has raised."""
    if len(units) == 1:  # most often; it needs no task of its own
        await submit(units[0])
        return
    for result in await asyncio.gather(*map(submit, units), return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def persist(
    settle: Callable[[Sequence[str]], Awaitable[T]],
    stop: asyncio.Event,
    retries: Sequence[float],
    message: str,
    tell_holding: Callable[[Exception | None], None] = lambda _: None,
) -> T | None:
    """Try until it works; nothing comes of it when `stop` is set or the loop is stopping.

    `settle` is told how each try before has failed, outages aside: those are waited out. It gives
    up by itself once there are more failures than pauses in `retries`.
    """
    outage, failures = pauses(first=0.05), list[str]()
    while not stop.is_set():
        pause = next(outage)
        try:
            settled = await settle(failures)
        except LoopStopped:
            return None
        except Exception as error:  # noqa: BLE001 - nothing may be lost, whatever goes wrong
            if isinstance(error, StoreUnavailable | LoopFull) or is_outage(error):
                tell_holding(error)
            else:
                pause = retries[len(failures)] if len(failures) < len(retries) else pause
                failures.append(format_exc())
                _log.exception("message.failed", message=message)
        else:
            tell_holding(None)
            return settled
        await wait(stop, pause)
    return None
