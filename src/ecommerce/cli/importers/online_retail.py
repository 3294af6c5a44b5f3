"""What an import of Online Retail files is going to do, worked out before it does anything."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from ecommerce.cli.importers.invoices import (
    IMPORTED,
    Fate,
    Invoice,
    Kind,
    Line,
    invoices,
    is_product,
)
from ecommerce.cli.importers.rows import MOST_UNITS, Row, Source
from ecommerce.kernel import Value


class Product(Value, frozen=True):
    """What is sold under a stock code, and for how many pence."""

    sku: str
    name: str
    price: int


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


class Order(Value, frozen=True):
    """An invoice as an order, at its own prices and time."""

    number: str
    at: datetime
    customer: str
    country: str
    lines: tuple[Row, ...]
    charges: tuple[Row, ...]


class Plan(Value, frozen=True):
    """All that an import is going to do, and what it leaves alone."""

    products: tuple[Product, ...]
    receipts: tuple[Receipt, ...]
    adjustments: tuple[Adjustment, ...]
    orders: tuple[Order, ...]
    left_out: tuple[Line, ...]
    invoices: tuple[Invoice, ...]


def plan(files: Sequence[Source], stock: Decimal = Decimal(1)) -> Plan:
    """Say what files mean. `stock` times what they sell, and all they write off, is received."""
    sources = sorted(files, key=_first)
    found = invoices(row for source in sources for row in source.rows)
    digests = {source.path: source.digest for source in sources}
    return Plan(
        products=tuple(_products(found)),
        receipts=tuple(_receipts(found, digests, stock)),
        adjustments=tuple(a for invoice in found for a in _adjustments(invoice)),
        orders=tuple(_order(invoice) for invoice in found if invoice.fate is Fate.ORDER),
        left_out=tuple(line for i in found for line in i.lines if line.kind not in IMPORTED),
        invoices=tuple(found),
    )


def _first(source: Source) -> tuple[list[datetime], str]:
    return sorted(row.at for row in source.rows)[:1], source.digest


def _products(found: Iterable[Invoice]) -> Iterator[Product]:
    """Name and price products by the lines that sell them, or by any that has a price.

    A code that has neither, such as one that is only written off, is stock but no product.
    """
    sold: dict[str, list[Row]] = defaultdict(list)
    priced: dict[str, list[Row]] = defaultdict(list)
    for invoice in found:
        for row in invoice.of(Kind.SALE):
            sold[row.code].append(row)
        for row in invoice.rows:
            if is_product(row.code) and row.price > 0 and not row.price % 1:
                priced[row.code].append(row)
    for sku in sorted(sold.keys() | priced.keys()):
        told = sold[sku] or priced[sku]
        yield Product(sku, _name(sku, told), _price([*priced[sku], *sold[sku]]))


def _name(sku: str, rows: Iterable[Row]) -> str:
    names = Counter(row.description for row in rows if row.description)
    return names.most_common(1)[0][0] if names else sku


def _price(rows: Sequence[Row]) -> int:
    return next((int(row.price) for row in reversed(rows) if row.price), 0)


def _receipts(
    found: Iterable[Invoice], digests: dict[Path, str], stock: Decimal
) -> Iterator[Receipt]:
    sold: Counter[tuple[str, str]] = Counter()
    written_off: Counter[tuple[str, str]] = Counter()
    for line in (line for invoice in found for line in invoice.lines):
        shelf = (digests[line.row.path], line.row.code)
        if line.kind is Kind.SALE:
            sold[shelf] += line.row.quantity
        elif line.kind is Kind.ADJUSTMENT:
            written_off[shelf] += abs(line.row.quantity)
    for digest, sku in sorted(sold.keys() | written_off.keys()):
        shelf = (digest, sku)
        units = int(sold[shelf] * stock) + written_off[shelf]
        for part, done in enumerate(range(0, units, MOST_UNITS), 1):
            yield Receipt(f"{digest}/{sku}/{part}", sku, min(MOST_UNITS, units - done))


def _adjustments(invoice: Invoice) -> Iterator[Adjustment]:
    for number, row in enumerate(invoice.of(Kind.ADJUSTMENT), 1):
        reason = row.description or "not described"
        key = f"{invoice.number}/{number}"
        yield Adjustment(key, row.code, -abs(row.quantity), reason)


def _order(invoice: Invoice) -> Order:
    return Order(
        number=invoice.number,
        at=invoice.at,
        customer=next((row.customer for row in invoice.rows if row.customer), ""),
        country=invoice.rows[0].country,
        lines=invoice.of(Kind.SALE),
        charges=invoice.of(Kind.CHARGE),
    )
