"""Parked messages as they are shown: in a list, one by one, and to machines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from rich.markup import escape
from rich.table import Table

from ecommerce.bus.parked_rows import Row
from ecommerce.cli.parked_messages import Message
from ecommerce.cli.progress import console
from ecommerce.kernel import Value


class Listed(Value, frozen=True):
    """A parked message; the id of one that is in the broker's queue begins with q."""

    context: str
    id: str
    key: str
    message_id: str
    type: str
    reason: str
    attempts: int
    parked_at: datetime
    asked: str
    """What somebody has asked for: `retry`, `discard` or nothing."""


def as_listed(context: str, each: Message) -> Listed:
    """Say what a list has of a message."""
    about = (each.key, each.message_id, each.type, each.reason, each.attempts, each.parked_at)
    return Listed(context, str(each.id), *about, asked=_asked(each))


def _asked(each: Message) -> str:
    if not isinstance(each, Row):
        return ""
    return "discard" if each.discard_reason else "retry" if each.retry_at else ""


def described(context: str, found: Message, messages: list[Message]) -> Iterator[tuple[str, str]]:
    """Say all of a message but its body, by name, and what else is parked of its key."""
    shown = msgspec.structs.asdict(as_listed(context, found))
    for name, value in shown.items():
        yield name.replace("_", " "), str(value)
    yield "routing key", found.routing_key
    for each in messages:
        if each.key == found.key and each is not found:
            yield "same key", f"{each.id}: {each.message_id} {each.type}, {each.reason}"


def show_table(found: list[Listed]) -> None:
    """Print a list for people."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("context", "id", "key", "message", "type", "reason", "tries", "since", "asked"):
        table.add_column(heading)
    for each in found:
        who = (each.context, each.id, each.key, each.message_id, each.type, each.reason)
        since = f"{each.parked_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(*map(escape, who), str(each.attempts), since, each.asked)
    console.print(table)
