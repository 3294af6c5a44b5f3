"""Made-up rows in the ways of the Online Retail data, as rows and as files."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from ecommerce.cli.importers.rows import COLUMNS, Row

REAL = Path(__file__).parents[2] / "shared" / "data" / "online-retail"
HEADER = ",".join(COLUMNS)
TEA = "536365,85123A,WHITE TEAPOT,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
MUG = "536365,84029g,KNITTED MUG,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom"


PLAIN = Row(
    path=Path("day.csv"),
    line=2,
    invoice="536365",
    code="85123A",
    description="WHITE TEAPOT",
    quantity=1,
    at=datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
    price=Decimal(255),
    customer="17850",
    country="United Kingdom",
)


def row(invoice: str = PLAIN.invoice, at: str = "", price: str = "2.55", **other: Any) -> Row:
    """Make a row; `price` is in pounds."""
    time = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else PLAIN.at
    return replace(PLAIN, invoice=invoice, at=time, price=Decimal(price) * 100, **other)


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("".join(f"{line}\n" for line in (header, *lines)), encoding="utf-8")
    return path


def real_days() -> list[Path]:
    """Find the six days of real data, or skip the test that wants them."""
    days = sorted(REAL.glob("2010-12-*.csv"))
    if not days:
        pytest.skip(f"the real days are not in {REAL}; the README says where they come from")
    return days
