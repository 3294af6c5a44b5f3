"""What makes an event of an old shape one of the next: whatever was ever stored reads for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct

from ecommerce.kernel import Event, Value

Step: TypeAlias = Callable[[Any], Any]
"""Makes an event of one version one of the next. Pure."""


class Upcast(Value, frozen=True):
    """What one version of an event looks like, and what makes it the next version."""

    old: type[Struct]
    upcast: Step


UPCASTERS: Final[dict[tuple[str, int], Upcast]] = {}
"""Of each event whose shape has changed, by its name: one entry for each version but the last.

`("OrderCreated", 1): Upcast(OrderCreatedV1, upcast_order_created)` goes with `version = 2` in
`OrderCreated`. An added field that has a default needs no new version.
"""


def shapes(event: type[Event]) -> Iterator[tuple[int, type[Struct], tuple[Step, ...]]]:
    """List the versions of an event, the newest first: what it looks like, what makes it today's.

    Raises `LookupError` where a version has no upcaster.
    """
    yield event.version, event, ()
    steps: tuple[Step, ...] = ()
    for version in range(event.version - 1, 0, -1):
        known = UPCASTERS.get((event.__name__, version))
        if known is None:
            raise LookupError(f"{event.__name__}.v{version} has no upcaster")
        steps = (known.upcast, *steps)
        yield version, known.old, steps
