"""An order of a shop, told event by event as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from time import monotonic
from typing import Final

import msgspec
from rich.markup import escape

from ecommerce.cli.shop import Problem, Shop
from ecommerce.kernel import Money, Value

PATIENCE: Final = 60.0
"""Seconds after which an order that still waits for something is left to itself."""
QUIET: Final = 1.0
"""Seconds without an event after which an order that waits for nothing has ended."""
POLL: Final = 0.05

Say = Callable[[str], None]


class Step(Value, frozen=True):
    """An event of an order. `cause` is the id of the event that led to it, or of the request."""

    id: str
    time: datetime
    source: str
    type: str
    cause: str


class Waiting(Value, frozen=True):
    """Something that an order waits for."""

    what: str = msgspec.field(name="for")


class Timeline(Value, frozen=True):
    """All that has happened to an order, and what is still to come."""

    events: tuple[Step, ...] = ()
    waiting: tuple[Waiting, ...] = ()


class Ended(Value, frozen=True):
    """How an order ended."""

    status: str
    total: Money
    reason: str | None = None


async def follow(shop: Shop, order_id: str, say: Say) -> None:
    """Say each event of an order as it comes, until the order waits for nothing any more."""
    said: dict[str, Step] = {}
    began = latest = monotonic()
    while True:
        timeline = await _timeline(shop, order_id)
        for step in timeline.events:
            if step.id not in said and _follows(step, said):
                said[step.id], latest = step, monotonic()
                say(_line(step, said))
        if said and not timeline.waiting and monotonic() - latest > QUIET:
            break
        if monotonic() - began > PATIENCE:
            waits = " and ".join(waiting.what for waiting in timeline.waiting)
            say(f"  [yellow]waits for {escape(waits)}, and goes on without us[/yellow]")
            break
        await asyncio.sleep(POLL)
    say(_outcome(msgspec.convert(await shop.get(f"orders/{order_id}"), Ended)))


async def _timeline(shop: Shop, order_id: str) -> Timeline:
    """Read a timeline. It is empty until audit has heard of the order."""
    try:
        return msgspec.convert(await shop.get(f"orders/{order_id}/timeline"), Timeline)
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return Timeline()


def _follows(step: Step, said: dict[str, Step]) -> bool:
    """Tell whether what caused an event is said; that may come to audit later than the event."""
    return step.cause in said or "@" not in step.cause


def _line(step: Step, said: dict[str, Step]) -> str:
    """Write an event: its service, the time since the order, its name, and what caused it."""
    began = next(iter(said.values())).time
    after = (step.time - began).total_seconds()
    request = "POST /orders" if len(said) == 1 else "the provider's webhook"
    cause = said[step.cause].type if step.cause in said else request
    return (
        f"  [cyan]{step.source:<13}[/cyan] {after:>7.3f} s  [bold]{step.type:<22}[/bold]"
        f"  [dim]after {cause}[/dim]"
    )


def _outcome(order: Ended) -> str:
    if order.status == "confirmed":
        return f"  [green]confirmed, and {order.total} are paid[/green]"
    return f"  [red]{order.status}: {escape(order.reason or 'nobody knows yet why')}[/red]"
