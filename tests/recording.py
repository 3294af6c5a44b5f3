"""Events as the log records them, for tests of what reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.projections.projection import Projection
from ecommerce.store.envelope import Cause, Recorded, members
from facts import NOON


def recorded(
    event: Event,
    position: int = 1,
    *,
    version: int | None = None,
    time: datetime = NOON,
    causation: str = "request-1",
) -> Recorded[Any]:
    """Record an event in the stream that it belongs to, as a part of the order `7`.

    What led to it is an event, and then its context acts, or a request of `ann`.
    """
    source, aggregate = _home(type(event))
    name = next(getattr(event, name) for name in _named_by(aggregate) if getattr(event, name, None))
    return Recorded(
        event=event,
        source=source,
        stream=f"{aggregate}-{name}",
        version=version or position,
        position=position,
        time=time,
        cause=Cause("7", causation, source if "@" in causation else "ann"),
    )


def fold(projection: Projection, *events: Event | Recorded[Any]) -> dict[Any, Any]:
    """Fold events into rows, by key, as the runner does."""
    rows: dict[Any, Any] = {}
    for position, event in enumerate(events, 1):
        noted = event if isinstance(event, Recorded) else recorded(event, position)
        key = projection.key(noted)
        rows[key] = projection.evolve(rows.get(key), noted)
    return rows


def _home(kind: type[Event]) -> tuple[str, str]:
    for source, owned in PUBLISHED.items():
        for aggregate, union in owned.items():
            if kind in members(union):
                return source, aggregate
    raise LookupError(f"nobody publishes {kind.__name__}")


def _named_by(aggregate: str) -> tuple[str, ...]:
    return ("sku",) if aggregate in {"product", "stock"} else ("order_id", "about")
