"""The running instances of each context, and which of them to ask next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

SKIPPED_FOR: Final = 1.0
"""Seconds in which an instance that could not be reached is asked last."""


class Upstream:
    """The instances of one context, asked in turn."""

    def __init__(self, urls: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.urls = [url.strip().rstrip("/") for url in urls.split(",") if url.strip()]
        self._clock = clock
        self._unreachable: dict[str, float] = {}
        self._turn = 0

    def in_turn(self) -> Iterator[str]:
        """Name each instance once, those that could not be reached a moment ago last."""
        start = self._turn = (self._turn + 1) % max(1, len(self.urls))
        urls = [*self.urls[start:], *self.urls[:start]]
        yield from sorted(urls, key=self._skipped) if self._unreachable else urls

    def failed(self, url: str) -> None:
        """Note that an instance could not be reached."""
        self._unreachable[url] = self._clock()

    def _skipped(self, url: str) -> bool:
        return self._clock() - self._unreachable.get(url, float("-inf")) < SKIPPED_FOR


Upstreams = Mapping[str, Upstream]
"""By context."""
