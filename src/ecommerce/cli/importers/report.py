"""The end of an import as people read it, and as machines do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from ecommerce.cli.importers.invoices import Fate, Line
from ecommerce.cli.importers.reconcile import NO_ORDER, Figures, pounds
from ecommerce.kernel import Value

MOST_LINES: Final = 50
NOT_IMPORTED: Final = (Fate.CANCELLATION, Fate.BAD_DEBT, Fate.NOTHING_LEFT)
COUNTED: Final = (
    "Invoices",
    "Confirmed",
    "Cancelled",
    "Stock only",
    "Not imported",
    "Units",
    "Revenue",
)
CONFIRMED: Final = frozenset({"invoices", "confirmed", "units", "revenue"})


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
    return (
        f"The shop and the files agree to the penny: {total['confirmed']:,} orders confirmed,"
        f" {total['units']:,} units, {pounds(total['revenue'])}."
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
    yield f"{day['confirmed']:,}"
    yield _reasons(day, sorted(day.keys() - NO_ORDER - CONFIRMED))
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
        amount = f"£{row.amount / 100:,.{2 if row.amount % 1 == 0 else 5}f}"
        place = f"{row.path.name}:{row.line}"
        table.add_row(place, row.invoice, row.code, escape(row.description), line.kind, amount)
    if len(lines) > MOST_LINES:
        table.caption = f"and {len(lines) - MOST_LINES:,} more; --json lists them all"
    return table


def document(result: Result) -> dict[str, Any]:
    """Say all of it to a machine. Amounts are pence, those of lines as text with fractions."""
    shop, files = result.shop, result.files
    return {
        "days": [
            {"day": day, "shop": shop.get(day, {}), "files": files.get(day, {})}
            for day in sorted(shop.keys() | files.keys())
        ],
        "left_out": [
            {
                "file": str(line.row.path),
                "line": line.row.line,
                "invoice": line.row.invoice,
                "code": line.row.code,
                "amount": f"{line.row.amount:f}",
                "reason": line.kind,
            }
            for line in result.left_out
        ],
        "differences": result.differences,
        "agrees": not result.differences,
    }
