"""Makes a failing schedule as short as it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

S = TypeVar("S")


def shrink(steps: Sequence[S], fails: Callable[[Sequence[S]], bool]) -> Sequence[S]:
    """Leave out what can be left out with the schedule still failing: no step of it can be."""
    size = len(steps)
    while size:
        shorter = _without(steps, fails, size)
        size = size if size == 1 and len(shorter) < len(steps) else size // 2
        steps = shorter
    return steps


def _without(steps: Sequence[S], fails: Callable[[Sequence[S]], bool], size: int) -> Sequence[S]:
    """Leave out every part of this size that can be."""
    start = 0
    while start < len(steps):
        fewer = [*steps[:start], *steps[start + size :]]
        if fails(fewer):
            steps = fewer
        else:
            start += size
    return steps
