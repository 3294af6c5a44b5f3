"""The rows of Online Retail files, each of them checked before anything is done with one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from io import StringIO
from pathlib import Path

from ecommerce.kernel import Value

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
SHAPES = {
    "InvoiceNo": (r"[A-Za-z]?\d{1,20}", "an invoice number such as 536365 or C536379"),
    "StockCode": (r"[A-Za-z0-9][A-Za-z0-9 ._\-]{0,63}", "a stock code such as 85123A"),
    "Description": (r"(?s).{0,200}", "a text of at most 200 characters"),
    "Quantity": (r"-?\d+", "a whole number"),
    "UnitPrice": (r"-?\d{1,7}(\.\d{1,18})?", "an amount in pounds such as 2.55"),
    "InvoiceDate": (
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        "a time such as 2010-12-01 08:26:00",
    ),
    "CustomerID": (r"(\d{1,20}(\.0)?)?", "a customer's number such as 17850.0, or nothing"),
    "Country": (r".{1,64}", "the name of a country"),
}
MOST_UNITS = 100_000


class UnreadableFile(Exception):
    """A file is not what the importer reads; nothing was imported."""

    def __init__(self, path: Path, line: int | None, what: str) -> None:
        place = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{place}: {what}. Nothing was imported.")


class Row(Value, frozen=True):
    """One line of an invoice, as it stands in a file."""

    path: Path
    line: int
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


class Source(Value, frozen=True):
    """A file that was read; the digest names what it says, not how it is written down."""

    path: Path
    digest: str
    rows: tuple[Row, ...]


def read(paths: Sequence[Path]) -> list[Source]:
    """Read files and check each of their lines. Raises `UnreadableFile`, which names the line."""
    sources: dict[str, Source] = {}
    for path in paths:
        source = _source(path)
        if twin := sources.get(source.digest):
            raise UnreadableFile(path, None, f"says the same as {twin.path}, so give only one")
        sources[source.digest] = source
    return list(sources.values())


def _source(path: Path) -> Source:
    records = [*_records(path)]
    content = blake2b(repr([record for _, record in records]).encode(), digest_size=12)
    rows = tuple(_row(path, line, record) for line, record in records)
    return Source(path, content.hexdigest(), rows)


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(path), strict=True)
    line = 1
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise UnreadableFile(path, 1, f"the columns are not {','.join(COLUMNS)}")
        for record in reader:
            line = reader.line_num
            yield line, record
    except csv.Error as error:
        raise UnreadableFile(path, line + 1, f"is no line of a CSV file ({error})") from error


def _lines(path: Path) -> StringIO:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFile(path, None, f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"the byte {content[error.start]:#04x} is no UTF-8; save the file as UTF-8"
        raise UnreadableFile(path, line, what) from error
    if text and not text.endswith(("\n", "\r")):
        last = text.count("\n") + 1
        raise UnreadableFile(path, last, "the line has no end, so the file may have been cut here")
    return StringIO(text, newline="")


def _row(path: Path, line: int, record: list[str]) -> Row:
    if len(record) != len(COLUMNS):
        what = f"has {len(record)} columns instead of {len(COLUMNS)}"
        raise UnreadableFile(path, line, what)
    cells = dict(zip(COLUMNS, record, strict=True))
    for column, (shape, meaning) in SHAPES.items():
        if not re.fullmatch(shape, cells[column], re.ASCII):
            raise UnreadableFile(path, line, f"{column} {cells[column]!r} is not {meaning}")
    if not 1 <= abs(int(cells["Quantity"])) <= MOST_UNITS:
        what = f"Quantity {cells['Quantity']} is not between 1 and {MOST_UNITS:,}"
        raise UnreadableFile(path, line, what)
    return Row(
        path=path,
        line=line,
        invoice=cells["InvoiceNo"].upper(),
        code=cells["StockCode"].upper(),
        description=cells["Description"].strip(),
        quantity=int(cells["Quantity"]),
        at=_time(path, line, cells["InvoiceDate"]),
        price=Decimal(cells["UnitPrice"]) * 100,
        customer=cells["CustomerID"].removesuffix(".0"),
        country=cells["Country"],
    )


def _time(path: Path, line: int, text: str) -> datetime:
    """Read a time. The files name no zone; their clock is taken as UTC, so a day stays a day."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise UnreadableFile(path, line, f"InvoiceDate {text!r} is no time") from error
