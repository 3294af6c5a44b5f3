"""The rows of Online Retail files, each of them checked before anything is done with one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import Final

from ecommerce.cli.importers.records import WrongFile, records
from ecommerce.kernel import Value

TEXT: Final = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
SHAPES: Final = {
    "InvoiceNo": (r"[ACac]?\d{1,20}", "an invoice number such as 536365 or C536379"),
    "StockCode": (r"[A-Za-z0-9][A-Za-z0-9 ._\-]{0,63}", "a stock code such as 85123A"),
    "Description": (rf"{TEXT}{{0,200}}", "a text of at most 200 characters"),
    "Quantity": (r"-?\d{1,12}", "a whole number"),
    "InvoiceDate": (
        r"(19|2\d)\d\d-\d\d-\d\d \d\d:\d\d:\d\d",
        "a time such as 2010-12-01 08:26:00",
    ),
    "UnitPrice": (r"-?\d{1,7}(\.\d{1,18})?", "an amount in pounds such as 2.55"),
    "CustomerID": (r"(\d{1,20}(\.0)?)?", "a customer's number such as 17850.0, or nothing"),
    "Country": (rf"{TEXT}{{1,64}}", "the name of a country"),
}
COLUMNS: Final = tuple(SHAPES)
PATTERNS: Final = {name: re.compile(shape, re.ASCII) for name, (shape, _) in SHAPES.items()}
MOST_UNITS: Final = 100_000
MOST_ROWS: Final = 1_000_000
"""Of all files together, as they are held in memory; the whole data set has 541,909."""

Content = tuple[str, str, str, int, datetime, Decimal]


class Row(Value, frozen=True, gc=False):
    """One line of an invoice, as it stands in a file."""

    path: Path
    line: int
    """Where it begins in the file."""
    invoice: str
    code: str
    """The stock code in upper case."""
    description: str
    quantity: int
    at: datetime
    price: Decimal
    """Of one unit, in pence; real data holds fractions of a penny."""
    customer: str
    country: str

    @property
    def amount(self) -> Decimal:
        """What the line comes to, in pence."""
        return self.quantity * self.price

    @property
    def content(self) -> Content:
        """What the line says, by which it is known again in another file."""
        return self.invoice, self.code, self.description, self.quantity, self.at, self.price


class Source(Value, frozen=True):
    """A file that was read; the digest names what it says, not how it is written down."""

    path: Path
    digest: str
    rows: tuple[Row, ...]


def read(paths: Sequence[Path]) -> list[Source]:
    """Read files and check each of their lines. Raises `WrongFile`, which names the line."""
    sources: list[Source] = []
    for path in paths:
        room = MOST_ROWS - sum(len(source.rows) for source in sources)
        sources.append(_source(path, room))
    return sources


def _source(path: Path, room: int) -> Source:
    content = blake2b(digest_size=12)
    rows: list[Row] = []
    for line, record in records(path, COLUMNS):
        if len(rows) == room:
            what = f"is one more than the {MOST_ROWS:,} that fit in one import; give fewer files"
            raise WrongFile(path, line, what)
        content.update(repr(record).encode())
        rows.append(_row(path, line, record))
    return Source(path, content.hexdigest(), tuple(rows))


def _row(path: Path, line: int, record: list[str]) -> Row:
    if wrong := next(_faults(record), None):
        raise WrongFile(path, line, wrong)
    cells = dict(zip(COLUMNS, record, strict=True))
    # The same words and amounts stand on thousands of lines: each is kept once.
    return Row(
        path=path,
        line=line,
        invoice=intern(cells["InvoiceNo"].upper()),
        code=intern(cells["StockCode"].upper()),
        description=intern(cells["Description"].strip()),
        quantity=int(cells["Quantity"]),
        at=_time(cells["InvoiceDate"]),
        price=_pence(cells["UnitPrice"]),
        customer=intern(cells["CustomerID"].removesuffix(".0")),
        country=intern(cells["Country"]),
    )


def _faults(record: list[str]) -> Iterator[str]:
    """Say what is wrong with a record, the worst first."""
    if len(record) != len(COLUMNS):
        yield f"has {len(record)} columns instead of {len(COLUMNS)}"
        return
    cells = dict(zip(COLUMNS, record, strict=True))
    yield from _misshapen(cells)
    if not 1 <= abs(int(cells["Quantity"])) <= MOST_UNITS:
        yield f"Quantity {cells['Quantity']} is not between 1 and {MOST_UNITS:,}"
    try:
        _time(cells["InvoiceDate"])
    except ValueError:
        yield f"InvoiceDate {cells['InvoiceDate']!r} is no time"


def _misshapen(cells: Mapping[str, str]) -> Iterator[str]:
    for column, pattern in PATTERNS.items():
        if not pattern.fullmatch(cells[column]):
            yield f"{column} {cells[column]!r:.60} is not {SHAPES[column][1]}"


@lru_cache(10_000)
def _time(text: str) -> datetime:
    """Read a time. The files name no zone; their clock is taken as UTC, so a day stays a day."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache(10_000)
def _pence(pounds: str) -> Decimal:
    return Decimal(pounds) * 100
