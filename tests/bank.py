"""A process that writes to a log, for tests that stop or kill one, or need several.

`python bank.py URL DECIDER`: takes units as lines of JSON, answers each with a line of JSON, and
stops on SIGTERM as a service does: nothing more is taken, and what waits is recorded. Faults are
armed by FAULTS.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from ecommerce import faults
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.unit import Unit, digest
from writing import CAUSE


class Order(msgspec.Struct):
    """What to do, by the name of its command, under which key."""

    key: str
    name: str
    data: Any


class Reply(msgspec.Struct):
    """What came of it; `events` is nothing where it failed."""

    key: str
    events: tuple[str, ...] | None
    error: str = ""


def say(content: object) -> None:
    """Write a line at once, whole."""
    os.write(1, msgspec.json.encode(content) + b"\n")


async def carry_out(loop: CommandLoop, decider: Any, line: bytes) -> None:
    """Have a unit recorded, and say what came of it."""
    order = msgspec.json.decode(line, type=Order)
    command = msgspec.convert(order.data, getattr(decider, order.name))
    try:
        answer = await loop.submit(Unit(order.key, digest(command), CAUSE, command))
    except Exception as error:  # noqa: BLE001 - it is the reply
        say(Reply(order.key, None, type(error).__name__))
    else:
        say(Reply(order.key, answer.events))


async def take(
    tasks: asyncio.TaskGroup, each: Callable[[bytes], Coroutine[Any, Any, None]]
) -> None:
    """Begin all that is asked for."""
    lines = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async for line in lines:
        tasks.create_task(each(line))


async def main(url: str, name: str) -> None:
    """Take units until told to stop."""
    decider = import_module(name)
    loop, ready = CommandLoop("bank", decider, url), asyncio.Event()
    running = asyncio.create_task(loop.run(ready))
    await ready.wait()
    say("ready")
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(take(tasks, partial(carry_out, loop, decider)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, taking.cancel)
        await asyncio.wait([taking])
        await asyncio.sleep(0)  # who was taken in joins the line
        await loop.stop()
    await running


if __name__ == "__main__":
    faults.arm(os.environ.get("FAULTS", ""))
    sys.path.insert(0, str(Path(__file__).parent))
    asyncio.run(main(*sys.argv[1:3]))
