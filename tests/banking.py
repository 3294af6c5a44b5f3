"""Drives the processes of `bank.py`."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from bank import Order, Reply
from ecommerce.kernel import Command

PROGRAM = Path(__file__).with_name("bank.py")


class Bank:
    """A process that writes to a log."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.replies: dict[str, Reply] = {}

    def ask(self, orders: Iterable[tuple[str, Command]]) -> None:
        """Ask for units, without waiting for what comes of them."""
        assert self.process.stdin
        for key, command in orders:
            order = Order(key, type(command).__name__, msgspec.to_builtins(command))
            self.process.stdin.write(msgspec.json.encode(order) + b"\n")

    async def read(self, count: int) -> list[Reply]:
        """Wait for so many replies."""
        return [await self._next() for _ in range(count)]

    async def carry_out(self, *orders: tuple[str, Command]) -> list[Reply]:
        """Ask for units and wait for what comes of them, in this order."""
        self.ask(orders)
        await self.read(len(orders))
        return [self.replies[key] for key, _ in orders]

    async def read_all(self) -> None:
        """Take all replies that there are until the process has ended."""
        with suppress(EOFError):
            while True:
                await self._next()
        await self.process.wait()

    async def _next(self) -> Reply:
        assert self.process.stdout
        line = await self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        reply = msgspec.json.decode(line, type=Reply)
        self.replies[reply.key] = reply
        return reply


@asynccontextmanager
async def bank(url: str, decider: str = "accounts", faults: str = "") -> AsyncIterator[Bank]:
    """Run a process that writes to the log at this address; it is killed at the end."""
    environment = {**os.environ, "FAULTS": faults}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), url, decider, stdin=PIPE, stdout=PIPE, env=environment
    )
    assert process.stdout
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b'"ready"\n'
        yield Bank(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        # Its transport would complain later, when nobody can be told any more.
        process._transport.close()  # type: ignore[attr-defined] # asyncio keeps it to itself
