"""How many requests the gateway holds at once: it stays within its memory, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ecommerce.api.problems import RETRY_AFTER, Refused, problem

MOST: Final = 2000
"""Requests under way at once, each with a body of at most a mebibyte."""


class Room:
    """Room for so many requests at once."""

    def __init__(self, most: int | None = None) -> None:
        self._free = MOST if most is None else most

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take one's place until the end of the block. Raises `Refused` where none is free."""
        if self._free <= 0:
            told = problem(503, "The gateway has no room for more requests now.", "GatewayFull")
            raise Refused(told, RETRY_AFTER)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
