"""Makes the sandbox provider fail on purpose, so that the shop can show how it copes."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ecommerce.sandbox.stripe_objects import Answer, error


class Fault(Struct):
    """What goes wrong with the next requests whose path holds `path`.

    `before` anything was done, `after` all was done and kept, or `instead` of doing what comes with
    an idempotency key, which is answered that error for good. First comes the delay
    (seconds); without a status that is all.
    """

    when: Literal["before", "instead", "after"] = "before"
    path: str = ""
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    delay: Annotated[float, Meta(ge=0, le=600)] = 0.0
    times: Annotated[int, Meta(ge=1)] = 1


class Faults:
    """The faults that are yet to strike. They are gone when the process ends."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        """Let a fault strike as many times as it says."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Let nothing strike any more."""
        self._armed.clear()

    async def strike(self, when: str, path: str) -> Answer | None:
        """Wait as long as an armed fault says, then give its error, if it has one."""
        found = (f for f in self._armed if f.times and f.when == when and f.path in path)
        fault = next(found, None)
        if fault is None:
            return None
        fault.times -= 1
        await asyncio.sleep(fault.delay)
        message = "The sandbox was told to fail."
        return Answer(fault.status, error("api_error", message)) if fault.status else None
