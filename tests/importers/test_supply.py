from decimal import Decimal
from pathlib import Path

import pytest

from ecommerce.cli.importers.online_retail import Plan, plan
from ecommerce.cli.importers.rows import Row, Source
from ecommerce.cli.importers.supply import Adjustment, Receipt
from online_retail import row


def of(*rows: Row, stock: str = "1") -> Plan:
    return plan([Source(Path("day.csv"), "day", rows)], Decimal(stock))


def test_what_files_sell_and_write_off_is_received_beforehand() -> None:
    rows = (
        row("1", quantity=4),
        row("1", quantity=6),
        row("2", price="0", quantity=-3),
        row("3", price="0", quantity=2),
        row("C4", quantity=-9),
        row("1", code="POST"),
    )
    assert of(*rows).receipts == (Receipt("day/85123A/1", "85123A", 15),)


def test_less_stock_is_missed_by_orders_never_by_write_offs() -> None:
    rows = (row("1", quantity=10), row("2", price="0", quantity=-3))
    assert of(*rows, stock="0.85").receipts == (Receipt("day/85123A/1", "85123A", 8 + 3),)
    assert of(*rows, stock="0").receipts == (Receipt("day/85123A/1", "85123A", 3),)
    assert of(rows[0], stock="0").receipts == ()


def test_each_file_brings_its_own_stock() -> None:
    one, other = row(quantity=4, path=Path("1.csv")), row("2", quantity=6, path=Path("2.csv"))
    sources = [Source(Path("2.csv"), "two", (other,)), Source(Path("1.csv"), "one", (one,))]
    assert plan(sources).receipts == (
        Receipt("one/85123A/1", "85123A", 4),
        Receipt("two/85123A/1", "85123A", 6),
    )


def test_more_than_one_receipt_can_hold_comes_in_parts() -> None:
    rows = [row(f"{number}", quantity=80_995) for number in range(3)]
    assert [(receipt.key, receipt.quantity) for receipt in of(*rows).receipts] == [
        ("day/85123A/1", 100_000),
        ("day/85123A/2", 100_000),
        ("day/85123A/3", 42_985),
    ]


@pytest.mark.parametrize(("written", "reason"), [("?", "?"), ("", "not described")])
def test_an_adjustment_takes_units_away_and_says_why(written: str, reason: str) -> None:
    lost = row("7", price="0", quantity=-30, description=written)
    gone = row("8", price="0", quantity=5, description=written)
    assert of(lost, gone).adjustments == (
        Adjustment("7/1", "85123A", -30, reason),
        Adjustment("8/1", "85123A", -5, reason),
    )


def test_stock_of_a_shared_invoice_comes_in_with_the_earlier_file() -> None:
    tea, other = row(quantity=4, path=Path("1.csv")), row(quantity=4, path=Path("2.csv"))
    early = row("1", quantity=1, path=Path("2.csv"), at="2010-11-30 09:00:00")
    sources = [Source(Path("1.csv"), "one", (tea,)), Source(Path("2.csv"), "two", (early, other))]
    assert plan(sources).receipts == (Receipt("two/85123A/1", "85123A", 5),)
    assert plan(sources[:1]).receipts == (Receipt("one/85123A/1", "85123A", 4),)
