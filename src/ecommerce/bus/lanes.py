"""Keys run side by side, and a key never overtakes itself."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Lanes:
    """One lane per key; who asks for a lane first, goes first. A lane lives while it is used."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        """Give the lane of a key, to be entered by `async with`."""
        lane = self._locks.get(key)
        if lane is None:
            lane = self._locks[key] = asyncio.Lock()
        return lane
