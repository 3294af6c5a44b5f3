"""States of streams kept in memory between batches: a cache, which the append never trusts."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from ecommerce.store.folds import Versioned

_OVERHEAD = 500
_SPREAD = 4
"""What an entry costs beside its state, in bytes, and how much more than in JSON the state does."""


class Held:
    """At most about `limit` bytes of states; those not used for longest go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._held: OrderedDict[str, tuple[Versioned, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """Hold nothing any more."""
        self._held.clear()
        self._weight = 0

    def get(self, stream: str) -> Versioned | None:
        """Give the state of a stream, if it is held."""
        if entry := self._held.get(stream):
            self._held.move_to_end(stream)
            return entry[0]
        return None

    def hold(self, stream: str, versioned: Versioned) -> None:
        """Hold a state in place of the stream's former one."""
        known = self._held.pop(stream, None)
        if known and known[0].version == versioned.version:
            self._held[stream] = versioned, known[1]
            return
        weight = _OVERHEAD + _SPREAD * len(msgspec.json.encode(versioned.state))
        self._held[stream] = (versioned, weight)
        self._weight += weight - (known[1] if known else 0)
        while self._weight > self._limit:
            _, (_, gone) = self._held.popitem(last=False)
            self._weight -= gone
