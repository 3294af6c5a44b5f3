"""What an invoice of the Online Retail data is: an order, stock put right, or nothing of ours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from ecommerce.cli.importers.rows import Content, Row, Source
from ecommerce.kernel import Value

CARRIAGE: Final = frozenset({"POST", "DOT", "C2", "C3"})
ADMINISTRATIVE: Final = frozenset({"M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"})
VOUCHER: Final = "GIFT_"


class Kind(StrEnum):
    """What a line is. The last four are left out, and say why."""

    SALE = "sale"
    CHARGE = "charge"
    ADJUSTMENT = "stock adjustment"
    ADMINISTRATIVE = "administrative"
    FRACTION = "below a penny"
    """The price goes below a penny, as 0.001 and 1.005 pounds do."""
    NEGATIVE = "negative amount"
    NO_CHARGE = "nothing charged"


IMPORTED: Final = frozenset({Kind.SALE, Kind.CHARGE, Kind.ADJUSTMENT})


class Fate(StrEnum):
    """What becomes of an invoice. The last four are not imported, and say why."""

    ORDER = "order"
    ADJUSTMENT = "stock adjustment"
    CANCELLATION = "cancellation"
    BAD_DEBT = "bad debt"
    FRACTION = "below a penny"
    """It has nothing to import but prices below a penny."""
    NOTHING_LEFT = "nothing left"


class Line(Value, frozen=True):
    """A row and what it is."""

    row: Row
    kind: Kind


class Invoice(Value, frozen=True):
    """An invoice and what becomes of it. One that is not ours to import has no lines."""

    number: str
    at: datetime
    fate: Fate
    rows: tuple[Row, ...]
    lines: tuple[Line, ...] = ()

    def of(self, kind: Kind) -> tuple[Row, ...]:
        """Pick the rows of one kind."""
        return tuple(line.row for line in self.lines if line.kind is kind)


def once(sources: Sequence[Source]) -> Iterator[Row]:
    """Yield the rows of all files, those that stand in several files only once.

    A line that one file holds twice counts twice: it is sold twice.
    """
    holders = Counter(number for source in sources for number in {r.invoice for r in source.rows})
    most: Counter[Content] = Counter()
    for source in sources:
        here: Counter[Content] = Counter()
        for row in source.rows:
            if holders[row.invoice] > 1:
                here[row.content] += 1
                if here[row.content] <= most[row.content]:
                    continue
                most[row.content] += 1
            yield row


def invoices(rows: Iterable[Row]) -> list[Invoice]:
    """Put rows together to invoices, the earliest first, and judge each."""
    by_number: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_number[row.invoice].append(row)
    judged = (judge(number, tuple(rows)) for number, rows in by_number.items())
    return sorted(judged, key=lambda invoice: (invoice.at, invoice.number))


def judge(number: str, rows: tuple[Row, ...]) -> Invoice:
    """Say what becomes of an invoice, by its number, its total and its lines."""
    at = min(row.at for row in rows)
    if not number.isdecimal():
        fate = Fate.CANCELLATION if number.startswith("C") else Fate.BAD_DEBT
        return Invoice(number, at, fate, rows)
    empty = sum(row.amount for row in rows) == 0
    lines = tuple(Line(row, _free(row) if empty else _kind(row)) for row in rows)
    return Invoice(number, at, _fate([line.kind for line in lines]), rows, lines)


def is_product(code: str) -> bool:
    """Tell a product from carriage and from what only the accountant needs."""
    return code not in CARRIAGE and not _is_administrative(code)


def _fate(kinds: Sequence[Kind]) -> Fate:
    if Kind.SALE in kinds or Kind.CHARGE in kinds:
        return Fate.ORDER
    if Kind.ADJUSTMENT in kinds:
        return Fate.ADJUSTMENT
    return Fate.FRACTION if Kind.FRACTION in kinds else Fate.NOTHING_LEFT


def _kind(row: Row) -> Kind:
    """Say what a line is in an invoice that comes to something."""
    if _is_administrative(row.code):
        return Kind.ADMINISTRATIVE
    if row.price < 0 or (row.quantity < 0 and row.code in CARRIAGE):
        return Kind.NEGATIVE
    if row.quantity < 0:
        return Kind.ADJUSTMENT
    if row.price % 1:
        return Kind.FRACTION
    return Kind.CHARGE if row.code in CARRIAGE else Kind.SALE


def _free(row: Row) -> Kind:
    """Say what a line is in an invoice that comes to nothing: nobody bought anything."""
    if _is_administrative(row.code):
        return Kind.ADMINISTRATIVE
    return Kind.NO_CHARGE if row.code in CARRIAGE else Kind.ADJUSTMENT


def _is_administrative(code: str) -> bool:
    return code in ADMINISTRATIVE or code.startswith(VOUCHER)
