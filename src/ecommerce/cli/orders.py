"""`ecommerce orders show`: an order's whole story, told through the gateway."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from ecommerce.cli.progress import console, say
from ecommerce.cli.shop import Problem, Unreachable, connect
from ecommerce.sandbox import folder, stack

CALLER: Final = "cli; orders:read audit:read"
PATIENCE: Final = 10
"""Seconds in which the shop must answer."""


@click.group()
def orders() -> None:
    """Look at orders."""


@orders.command()
@click.argument("order_id")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def show(order_id: str, *, as_json: bool) -> None:
    """Print what happened to an order: every event in every service, and what caused it."""
    gateway = stack.gateway_url(folder.load_made(folder.locate()))
    try:
        timeline = asyncio.run(_timeline(gateway, order_id))
    except (Problem, Unreachable) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode(timeline))
    else:
        _print(timeline)


async def _timeline(gateway: str, order_id: str) -> dict[str, Any]:
    async with connect(gateway, CALLER, patience=PATIENCE) as shop:
        body: dict[str, Any] = await shop.get(f"orders/{quote(order_id)}/timeline")
        return body


def _print(timeline: dict[str, Any]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("time", "service", "event", "because of", "by", "detail"):
        table.add_column(heading)
    types = {step["id"]: step["type"] for step in timeline["events"]}
    for step in timeline["events"]:
        cause = types.get(step["cause"], step["cause"])
        about = (step["type"], cause, step["actor"], step["detail"])
        table.add_row(_clock(step["time"]), step["source"], *map(escape, about))
    console.print(table)
    for waiting in timeline["waiting"]:
        say(f"Waiting for {waiting['for']} since {_clock(waiting['since'])}.")


def _clock(time: str) -> str:
    return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M:%S.%f}"[:-3]
