"""An event loop that moves only when told to, and whose time is made up: it repeats to the step."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any


class Clockwork(asyncio.BaseEventLoop):
    """Runs what is ready, first come first served; its timers wait for `advance`."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._waiting: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = count()
        self._tasks: list[asyncio.Task[Any]] = []
        self.set_task_factory(self._make_task)
        # Nobody hears what a killed process leaves behind.
        self.set_exception_handler(lambda *_: None)

    def settle(self) -> None:
        """Run all that can run without anything from outside."""
        with self._running():
            while self._waiting:
                handle = self._waiting.popleft()
                if not handle.cancelled():
                    handle._run()  # as asyncio's own loops do

    def advance(self, seconds: float) -> None:
        """Let time pass, and run what it brings."""
        end = self._now + seconds
        while (due := self.next_timer()) is not None and due <= end:
            self._now = max(self._now, due)
            self._waiting.append(heapq.heappop(self._timers)[2])
            self.settle()
        self._now = end

    def next_timer(self) -> float | None:
        """Say when something happens by itself, if ever."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def end(self) -> None:
        """Cancel whatever is under way."""
        for task in self._tasks:
            task.cancel()
        self.settle()
        self.close()

    @contextmanager
    def _running(self) -> Iterator[None]:
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def _make_task(self, _: object, coro: Any, **options: Any) -> asyncio.Task[Any]:
        # A loop does not hold its tasks. What a killed process was about must not end by itself.
        task = asyncio.Task(coro, loop=self, **options)
        self._tasks.append(task)
        return task

    # What follows takes the place of the system's clock and sockets.

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override] # a callback's arguments are its own business
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._waiting.append(handle)
        return handle

    def call_at(  # type: ignore[override] # the same
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer
