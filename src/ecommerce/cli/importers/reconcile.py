"""Hold what the shop says of imported invoices against what the files say, to the penny."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC
from itertools import groupby
from typing import Final

from ecommerce.cli.importers import bodies
from ecommerce.cli.importers.bodies import DayOfSales, Placed
from ecommerce.cli.importers.invoices import Fate, Invoice
from ecommerce.cli.shop import Shop
from ecommerce.kernel import Money

Figures = Mapping[str, Counter[str]]
"""By day: how many invoices of each fate, and how many were placed as orders; these by outcome;
and the units and pence of the confirmed ones."""

NO_ORDER: Final = frozenset({"invoices", *Fate} - {Fate.ORDER})


def shop_figures(orders: Iterable[Placed], invoices: Iterable[Invoice]) -> Figures:
    """Count the orders that the shop holds, and the invoices that became none."""
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for invoice in invoices:
        day = days[f"{invoice.at.date()}"]
        day["invoices"] += 1
        if invoice.fate is not Fate.ORDER:
            day[invoice.fate.value] += 1
    for order in orders:
        day = days[f"{order.placed_at.astimezone(UTC).date()}"]
        day.update({"placed": 1, order.outcome: 1})
        if order.outcome == "confirmed":
            day.update(units=order.units, revenue=order.total.amount)
    return days


def differences(
    one: Figures, other: Figures, names: tuple[str, str] = ("the shop", "the files")
) -> list[str]:
    """Name each figure in which the two differ, by day."""
    return [
        f"{day}, {name}: {names[0]} says {_in_words(name, first[name])},"
        f" {names[1]} {_in_words(name, second[name])}"
        for day in sorted(one.keys() | other.keys())
        for first, second in [(one.get(day, Counter()), other.get(day, Counter()))]
        for name in sorted(first.keys() | second.keys())
        if first[name] != second[name]
    ]


async def read_reports(shop: Shop, days: Iterable[str]) -> list[DayOfSales]:
    """Ask the shop for its own report of these days, a year at most at once."""
    report: list[DayOfSales] = []
    for _, year in groupby(sorted(days), key=lambda day: day[:4]):
        first, *rest = year
        period = [("from", first), ("to", rest[-1] if rest else first)]
        report += bodies.sales(await shop.get("reports/sales", period))
    return report


def unlike_report(shop: Figures, report: Iterable[DayOfSales]) -> list[str]:
    """Say where the shop's own report of sales is not the sum of its orders.

    A day that holds other orders too cannot be compared, and is passed over.
    """
    told = {f"{day.day}": _reported(day) for day in report if day.currency == "GBP"}
    orders = {day: _of_orders(figures) for day, figures in shop.items()}
    same = {day for day in orders if told.get(day, Counter())["placed"] <= orders[day]["placed"]}
    return differences(
        {day: told.get(day, Counter()) for day in same},
        {day: orders[day] for day in same},
        ("the report of sales", "its orders"),
    )


def _of_orders(figures: Counter[str]) -> Counter[str]:
    return +Counter({name: count for name, count in figures.items() if name not in NO_ORDER})


def _reported(day: DayOfSales) -> Counter[str]:
    counts = {"placed": day.placed, "confirmed": day.confirmed, "open": day.open}
    sums = {"units": day.units, "revenue": day.revenue.amount}
    return +Counter({**counts, **day.cancelled, **sums})


def _in_words(name: str, count: int) -> str:
    return pounds(count) if name == "revenue" else f"{count:,}"


def pounds(pence: int) -> str:
    """Write pence as pounds."""
    return str(Money(pence, "GBP"))
