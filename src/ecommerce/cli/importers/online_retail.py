"""What an import of Online Retail files is going to do, worked out before it does anything."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from ecommerce.cli.importers.invoices import (
    IMPORTED,
    Fate,
    Invoice,
    Kind,
    Line,
    invoices,
    is_product,
    once,
)
from ecommerce.cli.importers.records import WrongFile
from ecommerce.cli.importers.rows import Row, Source
from ecommerce.cli.importers.supply import Adjustment, Receipt, adjustments, receipts
from ecommerce.kernel import MOST_MONEY, Value

MOST_LINES: Final = 2_000
MOST_CHARGES: Final = 100
"""What one order takes. An invoice that is larger is refused before anything is done."""


class Product(Value, frozen=True):
    """What is sold under a stock code, and for how many pence."""

    sku: str
    name: str
    price: int


class Order(Value, frozen=True):
    """An invoice as an order, at its own prices and time."""

    number: str
    at: datetime
    customer: str
    country: str
    lines: tuple[Row, ...]
    charges: tuple[Row, ...]

    @property
    def pence(self) -> int:
        """What it comes to."""
        return sum(int(row.amount) for row in (*self.lines, *self.charges))

    @property
    def units(self) -> int:
        """How many pieces it asks for."""
        return sum(row.quantity for row in self.lines)


class Plan(Value, frozen=True):
    """All that an import is going to do, and what it leaves alone."""

    products: tuple[Product, ...]
    receipts: tuple[Receipt, ...]
    adjustments: tuple[Adjustment, ...]
    orders: tuple[Order, ...]
    left_out: tuple[Line, ...]
    invoices: tuple[Invoice, ...]
    lines: int
    """How many lines the invoices have."""
    repeated: int
    """How many lines of the files say again what another file says, and do not count."""


def plan(files: Sequence[Source], stock: Decimal = Decimal(1)) -> Plan:
    """Say what files mean. `stock` times what they sell, and all they write off, is received.

    The order of the files does not matter, and what stands in several of them counts once.
    Raises `WrongFile` for an invoice that no order can hold.
    """
    sources = sorted(files, key=_first)
    found = invoices(once(sources))
    digests = {source.path: source.digest for source in sources}
    lines = sum(len(invoice.rows) for invoice in found)
    return Plan(
        products=tuple(_products(found)),
        receipts=tuple(receipts(found, digests, stock)),
        adjustments=tuple(a for invoice in found for a in adjustments(invoice)),
        orders=tuple(_order(invoice) for invoice in found if invoice.fate is Fate.ORDER),
        left_out=tuple(line for i in found for line in i.lines if line.kind not in IMPORTED),
        invoices=tuple(found),
        lines=lines,
        repeated=sum(len(source.rows) for source in sources) - lines,
    )


def _first(source: Source) -> tuple[datetime, str, Path]:
    earliest = min((row.at for row in source.rows), default=datetime.max.replace(tzinfo=UTC))
    return earliest, source.digest, source.path


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


def _order(invoice: Invoice) -> Order:
    order = Order(
        number=invoice.number,
        at=invoice.at,
        customer=next((row.customer for row in invoice.rows if row.customer), ""),
        country=invoice.rows[0].country,
        lines=invoice.of(Kind.SALE),
        charges=invoice.of(Kind.CHARGE),
    )
    for what, count, most in (
        ("lines", len(order.lines), MOST_LINES),
        ("charges", len(order.charges), MOST_CHARGES),
        ("pence", order.pence, MOST_MONEY),
    ):
        if count > most:
            told = f"invoice {order.number} comes to {count:,} {what}; an order holds {most:,}"
            raise WrongFile(invoice.rows[0].path, invoice.rows[0].line, told)
    return order
