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

ODD = (
    *(f"573585,{sku},GIFT {sku},1,2011-10-31 14:41:00,1.25,,EIRE" for sku in range(20000, 21114)),
    '581483,23843,"PAPER CRAFT , LITTLE BIRDIE",80995,2011-12-09 09:15:00,2.08,16446.0,France',
    "C581484,23843,PAPER CRAFT,-80995,2011-12-09 09:27:00,2.08,16446.0,France",
    "550193,PADS,PADS TO MATCH ALL CUSHIONS,1,2011-04-15 09:27:00,0.001,13952.0,France",
    "561226,PADS,PADS TO MATCH ALL CUSHIONS,2,2011-07-26 10:13:00,0.001,15618.0,France",
    "561226,22139,TEA SET,3,2011-07-26 10:13:00,4.25,15618.0,France",
    "568200,PADS,PADS TO MATCH ALL CUSHIONS,1,2011-09-25 14:58:00,10.0,16198.0,France",
    "A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom",
    "A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom",
    "550500,B,Adjust bad debt,1,2011-04-18 10:00:00,7.5,,United Kingdom",
    "550501,m,Manual,2,2011-04-18 11:00:00,-2.5,,United Kingdom",
    "550501,CRUK,CRUK Commission,1,2011-04-18 11:00:00,4.0,,United Kingdom",
    "550501,gift_0001_20,Dotcomgiftshop Gift Voucher,1,2011-04-18 11:00:00,16.67,,France",
    '550501,DCGS0076,"SUNJAR LED ""NIGHT"" LIGHT,\nBLUE",4,2011-04-18 11:00:00,16.98,,France',
)
"""Rows as other days than the first six hold them."""


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
