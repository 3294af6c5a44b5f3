"""Runs one bench by itself: `.venv/bin/python -m benchmarks.append --quick`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TypeAlias

import uvloop

from benchmarks.figures import Figure, show

Measure: TypeAlias = Callable[[bool], Awaitable[list[Figure]]]
"""A bench: in its own event loop, quick (some 15 s) or not, it measures its rows of the table."""


def measured(measure: Measure, *, quick: bool) -> list[Figure]:
    """Measure, with the event loop of the services."""

    async def main() -> list[Figure]:
        return await measure(quick)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def measured_by_name(name: str, *, quick: bool) -> list[Figure]:
    """Measure the bench of this module."""
    return measured(import_module(f"benchmarks.{name}").measure, quick=quick)


def alone(measure: Measure) -> None:
    """Measure, and print the figures."""
    show(measured(measure, quick="--quick" in sys.argv))
