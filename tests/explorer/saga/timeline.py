"""Tells what happened in the shop, for people: a line for each step, and what it came to."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from explorer.saga.doing import Result

if TYPE_CHECKING:
    from explorer.saga.world import World


def timeline(world: World) -> str:
    """Tell all that happened, in order."""
    lines = [
        f"{number:4}  {step}{_result(result)}"
        for number, (step, result) in enumerate(world.trace, 1)
    ]
    if world.at_rest_from < len(lines):
        lines.insert(world.at_rest_from, "      then everything gets on in turn:")
    return "\n".join(lines)


def _result(result: Result) -> str:
    if isinstance(result, str):
        return f" → {result}" if result else ""
    streams = groupby(result, lambda told: told.stream)
    said = [f"{stream}: {', '.join(one.type for one in told)}" for stream, told in streams]
    return f" → {'; '.join(said) or 'nothing'}"
