"""Hold what the shop says of imported invoices against what the files say, to the penny."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from itertools import groupby
from typing import Final

from ecommerce.cli.importers import bodies
from ecommerce.cli.importers.bodies import DayOfSales, Placed
from ecommerce.cli.importers.invoices import Fate, Invoice
from ecommerce.cli.shop import Shop

Figures = Mapping[str, Counter[str]]
"""By day: how many invoices of each outcome, and the units and pence of the confirmed ones."""

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
        day[order.outcome] += 1
        if order.status == "confirmed":
            day.update(units=order.units, revenue=order.total.amount)
    return days


def differences(shop: Figures, files: Figures) -> list[str]:
    """Name each figure in which the shop and the files differ, by day."""
    return [
        f"{day}, {name}: the shop says {_in_words(name, told)}, the files {_in_words(name, read)}"
        for day in sorted(shop.keys() | files.keys())
        for name, (told, read) in _pairs(shop.get(day, Counter()), files.get(day, Counter()))
        if told != read
    ]


def _pairs(one: Counter[str], other: Counter[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    for name in sorted(one.keys() | other.keys()):
        yield name, (one[name], other[name])


async def read_reports(shop: Shop, days: Iterable[str]) -> list[DayOfSales]:
    """Ask the shop for its own report of these days, a year at most at once."""
    report: list[DayOfSales] = []
    for _, year in groupby(sorted(days), key=lambda day: day[:4]):
        first, *rest = year
        period = [("from", first), ("to", rest[-1] if rest else first)]
        report += bodies.sales(await shop.get("reports/sales", period))
    return report


def unlike_report(shop: Figures, report: Iterable[DayOfSales]) -> list[str]:
    """Name the days on which the shop's own report of sales is not the sum of its orders.

    A day that holds other orders too cannot be compared, and is passed over.
    """
    reported = {f"{day.day}": day for day in report if day.currency == "GBP"}
    return [
        f"{day}: the report of sales says {dict(told)}, the orders come to {dict(ours)}"
        for day, figures in sorted(shop.items())
        if (ours := _of_orders(figures))
        and (told := _reported(reported.get(day))) != ours
        and _placed(told) <= _placed(ours)
    ]


def _of_orders(figures: Counter[str]) -> Counter[str]:
    return +Counter({name: count for name, count in figures.items() if name not in NO_ORDER})


def _reported(day: DayOfSales | None) -> Counter[str]:
    if not day:
        return Counter()
    sums = {"units": day.units, "revenue": day.revenue.amount}
    return +Counter({"confirmed": day.confirmed, "open": day.open, **day.cancelled, **sums})


def _placed(figures: Counter[str]) -> int:
    return figures.total() - figures["units"] - figures["revenue"]


def _in_words(name: str, count: int) -> str:
    return pounds(count) if name == "revenue" else f"{count:,}"


def pounds(pence: int) -> str:
    """Write pence as pounds."""
    whole, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{whole:,}.{rest:02}"
