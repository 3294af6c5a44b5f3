"""What stock an import puts on the shelves for its orders, and what it takes off unsold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from ecommerce.cli.importers.invoices import Invoice, Kind
from ecommerce.cli.importers.rows import MOST_UNITS
from ecommerce.kernel import Value


class Receipt(Value, frozen=True):
    """Units that one file needs on the shelf; the key names the file by what it says."""

    key: str
    sku: str
    quantity: int

    @property
    def reference(self) -> str:
        """Name the file that the units are for."""
        return f"online-retail/{self.key.partition('/')[0]}"


class Adjustment(Value, frozen=True):
    """Units that left the shelf unsold, so `quantity` is below zero."""

    key: str
    sku: str
    quantity: int
    reason: str


def receipts(
    found: Iterable[Invoice], digests: Mapping[Path, str], stock: Decimal
) -> Iterator[Receipt]:
    """Yield `stock` times what each file sells, rounded down, and all that it writes off."""
    sold: Counter[tuple[str, str]] = Counter()
    written_off: Counter[tuple[str, str]] = Counter()
    for line in (line for invoice in found for line in invoice.lines):
        shelf = (digests[line.row.path], line.row.code)
        if line.kind is Kind.SALE:
            sold[shelf] += line.row.quantity
        elif line.kind is Kind.ADJUSTMENT:
            written_off[shelf] += abs(line.row.quantity)
    for shelf in sorted(sold.keys() | written_off.keys()):
        yield from _in_parts(*shelf, int(sold[shelf] * stock) + written_off[shelf])


def _in_parts(digest: str, sku: str, units: int) -> Iterator[Receipt]:
    """Divide what is more than one receipt can hold."""
    for part, done in enumerate(range(0, units, MOST_UNITS), 1):
        yield Receipt(f"{digest}/{sku}/{part}", sku, min(MOST_UNITS, units - done))


def adjustments(invoice: Invoice) -> Iterator[Adjustment]:
    """Yield what an invoice writes off."""
    for number, row in enumerate(invoice.of(Kind.ADJUSTMENT), 1):
        reason = row.description or "not described"
        yield Adjustment(f"{invoice.number}/{number}", row.code, -abs(row.quantity), reason)
