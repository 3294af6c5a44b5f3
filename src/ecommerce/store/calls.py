"""Does what must be done outside, such as charging a card: again and again until it is settled."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import structlog

from ecommerce.faults import reach
from ecommerce.kernel import Command, Event
from ecommerce.store import claims
from ecommerce.store.claims import Claimed
from ecommerce.store.codec import Codec
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Recorded
from ecommerce.store.gathering import Gathering
from ecommerce.store.unit import Submit, Unit, caused_by, digest

GATHER: Final = 0.05
"""Seconds for which an outcome waits for those of calls that run, to be recorded with them."""

LIMIT: Final = 45.0
"""Seconds that a call may take, its answer recorded: less than the lease, so that it is alone."""

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 60.0
"""Seconds between two attempts."""

Call: TypeAlias = Callable[[Recorded[Any], str], Awaitable[Command]]
"""Does what an event intends, under an idempotency key; answers what came of it, as a command.

Whatever it raises means that nothing is known yet: it is called again, under the same key. Two
exceptions say more: `NotBegun` and `KeySpent`.
"""

_log = structlog.get_logger()


class NotBegun(Exception):
    """Nothing was sent to the other side, which is not worth asking for so many seconds.

    The attempt does not count: the call can still be withdrawn.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not sent; to be tried again in {seconds:.1f} s")
        self.seconds = seconds


class KeySpent(Exception):
    """The other side has stored an error under the idempotency key: go on under a new one.

    Raised by a call that knows that nothing was done under the old key, and never will be.
    """


class Calls:
    """Makes the calls of one context: each outcome is submitted as a unit that settles the call.

    Outcomes of calls that end at about the same time are recorded together. `rest` is told for how
    many seconds the other side is not worth asking.
    """

    def __init__(
        self,
        pool: Pool,
        submit: Submit,
        handlers: Mapping[type[Event], Call],
        rest: Callable[[float], None],
    ) -> None:
        self._pool = pool
        self._submit = submit
        self._handlers = handlers
        self._codec = Codec(handlers)
        self._rest = rest
        self._outcomes = Gathering(GATHER)

    async def make(self, call: Claimed) -> None:
        """Make a call; one that fails is due again later, one that is cancelled at once."""
        try:
            async with asyncio.timeout(LIMIT):
                await self._settle(call)
        except asyncio.CancelledError as stopped:
            # It may have been heard of outside: whoever comes next asks again, under the same key.
            await claims.postpone(self._pool, call, 0, stopped)
            raise
        except NotBegun as error:
            self._rest(error.seconds)
            await claims.put_back(self._pool, call, error.seconds, error.__cause__ or error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the call is still to be made
            _log.warning("call.failed", call=call.id, attempts=call.attempts, error=repr(error))
            spent = isinstance(error, KeySpent)
            await claims.postpone(self._pool, call, _delay(call.attempts), error, spent=spent)

    async def _settle(self, call: Claimed) -> None:
        if call.withdrawn:
            await claims.withdraw(self._pool, call)
            return
        recorded = self._codec.decode(call.event, call.position)
        if recorded is None:
            raise LookupError("no handler for this event")
        handler = self._handlers[type(recorded.event)]
        reach("calls.claimed")
        command = await self._outcomes.join(self._call(handler, recorded, call))
        key = f"call:{call.id}"
        # Should two workers ever have done it, the first outcome that is recorded is the one.
        unit = Unit(key, digest(key), caused_by(recorded), command, settles=call.id)
        await self._submit(unit)

    async def _call(self, handler: Call, recorded: Recorded[Any], call: Claimed) -> Command:
        command = await handler(recorded, f"{call.id}/{call.series}")
        reach("calls.called")
        return command


def _delay(attempts: int) -> float:
    longest = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(attempts, 10))
    return longest * random.uniform(0.5, 1)  # noqa: S311 - not a secret
