"""What happens in a run, line by line: new events, the services' warnings, programs that ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Final

import click
import msgspec

from ecommerce.cli import events
from ecommerce.cli.progress import say
from ecommerce.sandbox import stack, supervisor
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.supervisor import NotSupervised, State

POLL: Final = 0.5
QUIET: Final = 30.0
"""Seconds in which the same complaint of a program is said once."""
TRACES: Final = ("Traceback ", "The above exception ", "During handling of ")
LOUD: Final = frozenset({"warning", "error", "critical"})


async def follow(run: Run) -> None:
    """Print what happens from now on. Raises `ClickException` when the run ends."""
    try:
        async with asyncio.TaskGroup() as group:
            for url in events.logs(run).values():
                group.create_task(events.follow(url))
            for instance in stack.instances(run):
                group.create_task(_troubles(instance.name, run.logs / f"{instance.name}.log"))
            group.create_task(_programs(run))
    except* NotSupervised as ended:
        raise click.ClickException("The run was ended from elsewhere.") from ended


async def _troubles(name: str, log: Path) -> None:
    offset = _size(log)
    said: dict[str, float] = {}
    while True:
        await asyncio.sleep(POLL)
        lines, offset = _new_lines(log, offset)
        for what, text in filter(None, map(trouble, lines)):
            # An outage is told of again and again: once in a while is enough here.
            if monotonic() - said.get(what, -QUIET) >= QUIET:
                said[what] = monotonic()
                say(f"{name:<14} {text}")


def _new_lines(log: Path, offset: int) -> tuple[list[bytes], int]:
    size = _size(log)
    if size == offset:
        return [], offset
    if size < offset:  # it was rotated
        offset = 0
    with log.open("rb") as file:
        file.seek(offset)
        whole, newline, _ = file.read().rpartition(b"\n")
    return whole.splitlines(), offset + len(whole) + len(newline)


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def trouble(line: bytes) -> tuple[str, str] | None:
    """Say what a line of a log complains of, shortly and in full; nothing where it does not."""
    try:
        entry: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.MsgspecError:
        return _plain(line.decode(errors="replace"))
    if entry.pop("level", "") not in LOUD:
        return None
    what = str(entry.pop("event", ""))
    return what, " ".join((what, *_facts(entry)))


def _plain(line: str) -> tuple[str, str] | None:
    # Of a traceback, the line that says what happened: the rest stands in the log.
    return None if line[:1].isspace() or line.startswith(TRACES) or not line else (line, line)


def _facts(entry: dict[str, Any]) -> Iterator[str]:
    for name, value in entry.items():
        if name == "exception":
            yield str(value).strip().rpartition("\n")[2]
        elif name not in {"timestamp", "service"}:
            yield f"{name}={value}"


async def _programs(run: Run) -> None:
    before = await _states(run)
    while True:
        await asyncio.sleep(POLL)
        now = await _states(run)
        for name, state in now.items():
            if state.pid != before[name].pid:
                say(f"{name:<14} {_change(state)}")
        before = now


async def _states(run: Run) -> dict[str, State]:
    return {state.name: state for state in await asyncio.to_thread(supervisor.states, run.folder)}


def _change(state: State) -> str:
    return f"started again as pid {state.pid}" if state.pid else "has ended"
