"""An instance of the command loop, and the clients that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from ecommerce.kernel import Decider, Event, Value
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.unit import Answer, StoreUnavailable, Unit
from explorer.clockwork import Clockwork
from explorer.memory_log import Log
from explorer.memory_session import Server
from explorer.memory_writer import MemoryWriter
from explorer.schedule import Commands


class Parts(Value, frozen=True):
    """What is explored: a context, and the code that records its units."""

    decider: Decider
    commands: Commands
    calls: tuple[type[Event], ...] = ()
    withdraws: tuple[type[Event], ...] = ()
    timers: Mapping[type[Event], int] = MappingProxyType({})
    ends: tuple[type[Event], ...] = ()
    loop: type[CommandLoop] = CommandLoop
    writer: type[MemoryWriter] = MemoryWriter


class Attempt:
    """A client's asking for a unit, and what it hears. `since` and `until` count rows of `keys`."""

    def __init__(self, unit: Unit, log: Log) -> None:
        self.unit = unit
        self.log = log
        self.since = self.until = len(log.keys)
        self.outcome: Answer | Exception | None = None
        self.asking: asyncio.Task[None] | None = None
        self.gone = False
        """Whether nobody is there any more to hear it."""

    def leave(self) -> None:
        """Wait no longer."""
        self.gone = True
        if self.asking:
            self.asking.cancel()

    async def ask(self, loop: CommandLoop) -> None:
        try:
            outcome: Answer | Exception = await loop.submit(self.unit)
        except Exception as error:  # noqa: BLE001 - it is what the client hears
            outcome = error
        if not self.gone:
            self.outcome, self.until = outcome, len(self.log.keys)

    @property
    def unknown(self) -> bool:
        """Whether the client cannot know what became of the unit."""
        return self.gone or isinstance(self.outcome, StoreUnavailable)

    @property
    def pending(self) -> bool:
        return not self.gone and self.outcome is None


class Instance:
    """A process with its loop."""

    def __init__(self, name: str, parts: Parts, server: Server, clock: Clockwork) -> None:
        self.writer = parts.writer(server, name)
        self.loop = parts.loop(
            "bank",
            parts.decider,
            "",
            calls=parts.calls,
            withdraws=parts.withdraws,
            timers=parts.timers,
            ends=parts.ends,
        )
        self.loop._writer = self.writer
        self.attempts: list[Attempt] = []
        self.running = clock.create_task(self.loop.run(asyncio.Event()))

    @property
    def broken(self) -> bool:
        """Whether it has ended by an error."""
        return (
            self.running.done() and not self.running.cancelled() and bool(self.running.exception())
        )

    def kill(self) -> None:
        self.writer.kill()
        for attempt in self.attempts:
            attempt.gone = attempt.gone or attempt.pending
