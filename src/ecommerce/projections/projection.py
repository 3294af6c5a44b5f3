"""What a read model's module must say: its rows, its events, and what each does to a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Protocol, TypeAlias, TypeVar

from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.store.envelope import Recorded, members

R = TypeVar("R")

Key: TypeAlias = tuple[str | int, ...]
"""The values of a row's key columns."""


class Projection(Protocol):
    """A module that is one read model. Its queries stand in it too, each in its own form."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """Name the read model, which is also the name of its table."""
        ...

    @property
    def KEY(self) -> tuple[str, ...]:  # noqa: N802 - a module's constant
        """Name the columns of the table's primary key."""
        ...

    @property
    def DDL(self) -> str:  # noqa: N802 - a module's constant
        """Create the table, with a column for each field of `Row`, and its indexes."""
        ...

    @property
    def Row(self) -> Any:  # noqa: N802 - a module's struct
        """The struct that a row is."""
        ...

    @property
    def Source(self) -> Any:  # noqa: N802 - a module's union
        """The union of the events that it reads, of one context or several."""
        ...

    def key(self, recorded: Recorded[Any], /) -> Key:
        """Say which row an event is about."""
        ...

    def evolve(self, row: Any, recorded: Recorded[Any], /) -> Any:
        """Say what an event makes of a row; `None` is no row, before or after."""
        ...


class RowMissing(Exception):
    """An event changes a row that no event before it has made."""


def found(row: R | None, recorded: Recorded[Any]) -> R:
    """Take a row that must be there. Raises `RowMissing`."""
    if row is None:
        raise RowMissing(f"{recorded.id} changes a row that no event before it has made")
    return row


def sources(
    projection: Projection, published: Mapping[str, Mapping[str, Any]] = PUBLISHED
) -> list[str]:
    """List the contexts whose events a projection reads."""
    read = set(members(projection.Source))
    return [context for context, owned in published.items() if read & _events(owned.values())]


def _events(unions: Iterable[Any]) -> set[type[Event]]:
    return {event for union in unions for event in members(union)}


def ddl_hash(projection: Projection) -> str:
    """Tell this shape of a projection's rows from others."""
    return blake2b(projection.DDL.encode(), digest_size=8).hexdigest()
