"""The end of an import as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from rich.markup import escape
from rich.table import Table

from ecommerce.cli.importers.invoices import Fate, Line
from ecommerce.cli.importers.online_retail import Plan
from ecommerce.cli.importers.reconcile import NO_ORDER, Figures, pounds
from ecommerce.kernel import Value

MOST_LINES: Final = 50
NOT_IMPORTED: Final = (Fate.CANCELLATION, Fate.BAD_DEBT, Fate.FRACTION, Fate.NOTHING_LEFT)
COUNTED: Final = (
    "Invoices",
    "Placed",
    "Confirmed",
    "Cancelled",
    "Stock only",
    "Not imported",
    "Units",
    "Revenue",
)
NO_REASON: Final = NO_ORDER | {"placed", "confirmed", "units", "revenue"}
"""All other figures count cancelled orders, by the code of the reason."""


class Result(Value, frozen=True):
    """What an import came to, as the shop and as the files have it."""

    shop: Figures
    files: Figures
    differences: list[str]
    left_out: tuple[Line, ...]


def verdict(result: Result) -> str:
    """Say whether all figures agree."""
    if result.differences:
        return f"The shop and the files differ in {len(result.differences):,} places."
    total = _sum(result.shop)
    cancelled = total["placed"] - total["confirmed"]
    return (
        f"The shop and the files agree to the penny: {total['confirmed']:,} orders confirmed,"
        f" {f'{cancelled:,} cancelled, ' if cancelled else ''}"
        f"{total['units']:,} units, {pounds(total['revenue'])}."
    )


def pace(plan: Plan, seconds: float) -> str:
    """Say how fast it went, and how much of it the files say more than once."""
    again = f", not counting {plan.repeated:,} that several files hold" if plan.repeated else ""
    return (
        f"{plan.lines:,} lines of {len(plan.invoices):,} invoices{again}, in {seconds:,.1f} s:"
        f" {plan.lines / seconds:,.0f} lines/s, {len(plan.invoices) / seconds:,.1f} invoices/s."
    )


def days(shop: Figures, files: Figures) -> Table:
    """Draw each day twice, as the shop and as the files have it, and the sum of all days."""
    table = Table(title="Online Retail, by day of the invoice", title_justify="left")
    for name in ("Day", "Said by"):
        table.add_column(name, overflow="fold")
    for name in COUNTED:
        table.add_column(name, justify="right", overflow="fold")
    for day in sorted(shop.keys() | files.keys()):
        _rows(table, day, shop.get(day, Counter()), files.get(day, Counter()))
    _rows(table, "All days", _sum(shop), _sum(files))
    return table


def _rows(table: Table, day: str, shop: Counter[str], files: Counter[str]) -> None:
    table.add_row(day, "the shop", *_cells(shop))
    table.add_row("", "the files", *_cells(files), end_section=True)


def _cells(day: Counter[str]) -> Iterable[str]:
    yield f"{day['invoices']:,}"
    yield f"{day['placed']:,}"
    yield f"{day['confirmed']:,}"
    yield _reasons(day, sorted(day.keys() - NO_REASON))
    yield f"{day[Fate.ADJUSTMENT]:,}"
    yield _reasons(day, NOT_IMPORTED)
    yield f"{day['units']:,}"
    yield pounds(day["revenue"])


def _reasons(day: Counter[str], names: Iterable[str]) -> str:
    return (
        "\n".join(f"{day[name]:,} {name.replace('_', ' ')}" for name in names if day[name]) or "0"
    )


def _sum(figures: Figures) -> Counter[str]:
    return sum(figures.values(), Counter())


def left_out(lines: Sequence[Line]) -> Table:
    """Draw the lines that were left out of invoices which are orders or could have been."""
    table = Table(title="Lines left out", title_justify="left", caption_justify="left")
    for name in ("Place", "Invoice", "Code", "Description", "Why"):
        table.add_column(name)
    table.add_column("Amount", justify="right")
    for line in lines[:MOST_LINES]:
        row = line.row
        place = f"{row.path.name}:{row.line}"
        what = escape(row.description)
        table.add_row(place, row.invoice, row.code, what, line.kind, exact_pounds(row.amount))
    if len(lines) > MOST_LINES:
        table.caption = f"and {len(lines) - MOST_LINES:,} more; --json lists them all"
    return table


def exact_pounds(pence: Decimal) -> str:
    """Write pence as pounds, with as many decimals as it takes and two at least."""
    pounds = abs(pence) / 100
    decimals = max(2, len(f"{pounds.normalize():f}".partition(".")[2]))
    return f"{'-' if pence < 0 else ''}£{pounds:,.{decimals}f}"
