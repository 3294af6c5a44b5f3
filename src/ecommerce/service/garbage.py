"""Spares the garbage collector work that finds nothing."""

from __future__ import annotations

import gc
from typing import Final

_YOUNG: Final = 10_000
"""New objects between two looks at them; a batch of 256 units makes about as many."""


def collect_seldom() -> None:
    """Leave out what is loaded by now, and look less often at what comes.

    Nearly all objects die without the collector: it is there for those in a circle, mostly errors
    with their frames.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
