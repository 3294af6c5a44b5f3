"""What the torture saw, as people read it and as machines do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from ecommerce.cli.torture.torturing import Outcome
from ecommerce.kernel import Money, Value

ENOUGH: Final = 3
"""Instances of inventory that share all of its queues."""


class Saw(Value, frozen=True):
    """What came of each round, and what it ran against."""

    seed: int
    gateways: Sequence[str]
    instances: int
    """Of inventory, when it began."""
    killed: Sequence[str]
    outcomes: Sequence[Outcome]


def parts(saw: Saw) -> Iterator[RenderableType]:
    """Say all of it to people, the verdict last."""
    yield _setting(saw)
    yield _orders(saw.outcomes)
    yield _stock(saw.outcomes)
    for outcome in saw.outcomes:
        for promise in outcome.broken:
            yield f"[bold red]{outcome.round.name}: {escape(promise)}[/bold red]"
    if not broken(saw):
        yield _verdict(saw.outcomes)


def broken(saw: Saw) -> str:
    """Say in one line what was broken; nothing where every promise was kept."""
    found = [f"{each.round.name}: {promise}" for each in saw.outcomes for promise in each.broken]
    more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
    return f"{found[0]}{more}; seed {saw.seed}" if found else ""


def _setting(saw: Saw) -> str:
    number = "1 instance" if saw.instances == 1 else f"{saw.instances} instances"
    text = f"{len(saw.gateways)} gateways, {number} of inventory, seed {saw.seed}."
    if saw.instances < ENOUGH:
        text += f" `ecommerce up --scale inventory={ENOUGH}` makes it harder."
    for killed in saw.killed:
        text += f"\nKilled when half of the orders were taken, and ready again: {killed}."
    return text


def _orders(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Orders", title_justify="left")
    table.add_column("Round")
    for name in ("Orders", "Confirmed", "Short of stock", "Other", "Charged", "Taken", "Ended"):
        table.add_column(name, justify="right")
    for outcome in outcomes:
        counts = (f"{count:,}" for count in _counts(outcome).values())
        speeds = (f"{speed:,.0f}/s" for speed in _speeds(outcome).values())
        charged = str(Money(outcome.seen.captured, "GBP"))
        table.add_row(outcome.round.name, *counts, charged, *speeds)
    return table


def _counts(outcome: Outcome) -> dict[str, int]:
    orders = outcome.seen.orders
    confirmed = sum(order.confirmed for order in orders)
    short = sum(order.short for order in orders)
    other = len(orders) - confirmed - short
    return {"orders": len(orders), "confirmed": confirmed, "short": short, "other": other}


def _speeds(outcome: Outcome) -> dict[str, float]:
    """Say how many orders were taken a second, and how many ended, from the first order on."""
    orders = len(outcome.seen.orders)
    taken, ended = (max(seconds, 0.001) for seconds in (outcome.placing, outcome.seen.seconds))
    return {"taken_a_second": orders / taken, "ended_a_second": orders / ended}


def _stock(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Units", title_justify="left")
    table.add_column("SKU")
    for name in ("Wanted", "Received", "Confirmed", "Reserved", "Left"):
        table.add_column(name, justify="right")
    for outcome in outcomes:
        for sku, units in _units(outcome).items():
            table.add_row(sku, *(f"{number:,}" for number in units.values()))
        table.add_section()
    return table


def _units(outcome: Outcome) -> dict[str, dict[str, int]]:
    wanted, sold = outcome.round.wanted(), outcome.seen.sold()
    return {
        sku: {
            "wanted": wanted[sku],
            "received": stock.on_hand,
            "confirmed": sold[sku],
            "reserved": stock.reserved,
            "left": stock.available,
        }
        for sku, stock in outcome.seen.stock.items()
    }


def _verdict(outcomes: Sequence[Outcome]) -> str:
    total: Counter[str] = Counter()
    for outcome in outcomes:
        total.update(_counts(outcome))
    return (
        f"[bold green]Nothing was oversold[/bold green]: of {total['orders']:,} orders"
        f" {total['confirmed']:,} were confirmed and charged once, {total['short']:,} were told"
        " that stock is short and not charged."
    )


def document(saw: Saw) -> dict[str, Any]:
    """Say all of it to a machine. Amounts are pence."""
    return {
        "seed": saw.seed,
        "gateways": saw.gateways,
        "inventory_instances": saw.instances,
        "killed": saw.killed,
        "rounds": [_round(outcome) for outcome in saw.outcomes],
        "holds": not broken(saw),
    }


def _round(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.round.name,
        "owner": outcome.round.owner,
        **_counts(outcome),
        "captured": outcome.seen.captured,
        **{name: round(speed, 1) for name, speed in _speeds(outcome).items()},
        "units": _units(outcome),
        "broken": outcome.broken,
    }
