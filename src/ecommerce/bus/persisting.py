"""Records what follows from a message, however often that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from traceback import format_exc
from typing import Final, TypeVar

import structlog

from ecommerce.bus.connection import is_outage, pauses, wait
from ecommerce.bus.message import Received
from ecommerce.bus.reaction import Reaction, Unfit
from ecommerce.store.unit import KeyReused, LoopFull, LoopStopped, StoreUnavailable, Submit, Unit

T = TypeVar("T")

RETRIES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Seconds between the tries of a message that fails for a reason of its own: a minute in all."""

_log = structlog.get_logger()


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
