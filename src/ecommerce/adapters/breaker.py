"""What keeps a service from calling something that does not answer, again and again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

import structlog
from aiobreaker import CircuitBreaker, CircuitBreakerError
from aiobreaker.state import CircuitBreakerState

from ecommerce.store.calls import NotBegun

P = ParamSpec("P")
R = TypeVar("R")

SHORTEST_WAIT = 1.0
"""Seconds to wait for a circuit that may close at any moment, as its trial is in flight."""

log = structlog.get_logger()


class Breaker(CircuitBreaker):  # type: ignore[misc] # the package ships no types
    """aiobreaker 1.2.0, for `call_async`, with what it gets wrong put right.

    After `fail_max` failures in a row every call is refused with `CircuitBreakerError` for as long
    as `timeout_duration`; then one call at a time is a trial. Time is measured by the monotonic
    clock, which knows no zones. The result of a call that began before the circuit last changed
    counts no more. An exception of an excluded kind says nothing about the other side: it is
    neither a failure nor a success.
    """

    _opened = 0.0
    _trial = False

    @property
    def opens_at(self) -> datetime | None:
        """When the next trial is allowed, in local time without a zone, as the package has it."""
        if self.current_state is not CircuitBreakerState.OPEN:
            return None
        return _local_now() + timedelta(seconds=max(0.0, self._remaining()))

    def open(self) -> None:
        """Refuse calls from now on."""
        self._opened = time.monotonic()
        self.state = self._state_storage.state = CircuitBreakerState.OPEN
        seconds = self.timeout_duration.total_seconds()
        log.warning("circuit.opened", circuit=self.name, reopens_after_seconds=seconds)

    def close(self) -> None:
        """Let calls pass again."""
        super().close()
        log.info("circuit.closed", circuit=self.name)

    def is_system_error(self, exception: Exception) -> bool:
        """Say whether an exception is of none of the excluded kinds."""
        return not any(
            isinstance(exception, kind) if isinstance(kind, type) else kind(exception)
            for kind in self.excluded_exceptions
        )

    async def call_async(
        self, func: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call, or raise `CircuitBreakerError` at once while the other side is held to be down."""
        trial = self._admit()
        began = self.state
        try:
            result = await func(*args, **kwargs)
        except Exception as error:
            if began is self.state and self.is_system_error(error):
                _count_failure(began, error)
            raise
        else:
            if began is self.state:
                began._handle_success()  # noqa: SLF001 # the package's only way in
            return result
        finally:
            self._trial = self._trial and not trial

    def seconds_left(self) -> float:
        """Say how long it will refuse calls yet."""
        return max(SHORTEST_WAIT, self._remaining())

    def _remaining(self) -> float:
        return self._opened + float(self.timeout_duration.total_seconds()) - time.monotonic()

    def _admit(self) -> bool:
        """Let a call pass or refuse it; say whether it is the trial."""
        if self.current_state is CircuitBreakerState.CLOSED:
            return False
        if self._trial:
            raise CircuitBreakerError("A trial call is in flight.", _local_now())
        if self.current_state is CircuitBreakerState.OPEN:
            if self._remaining() > 0:
                raise CircuitBreakerError("The circuit is open.", self.opens_at)
            self.half_open()
        self._trial = True
        return True


async def guard(
    breaker: Breaker, func: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Call through a breaker. Raises `NotBegun` where the breaker refuses."""
    try:
        return await breaker.call_async(func, *args, **kwargs)
    except CircuitBreakerError as refused:
        raise NotBegun(breaker.seconds_left()) from refused


def _count_failure(state: Any, error: Exception) -> None:
    # The state raises the error again, or its own when it opens; the caller hears of its own call.
    with contextlib.suppress(CircuitBreakerError, type(error)):
        state._handle_error(None, error)  # noqa: SLF001 # the package's only way in


def _local_now() -> datetime:
    return datetime.now()  # noqa: DTZ005 # CircuitBreakerError subtracts a time without a zone
