from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from ecommerce.cli.importers.invoices import Fate, Kind
from ecommerce.cli.importers.online_retail import Plan, Product, plan
from ecommerce.cli.importers.records import WrongFile
from ecommerce.cli.importers.rows import Row, Source, read
from ecommerce.cli.importers.supply import Receipt
from online_retail import ODD, row, write


def of(*rows: Row, stock: str = "1") -> Plan:
    return plan([Source(Path("day.csv"), "day", rows)], Decimal(stock))


def test_a_code_written_in_two_ways_is_one_product_with_the_name_most_written() -> None:
    rows = (
        row(description="MUG", at="2010-12-01 08:00:00"),
        row("2", description="KNITTED MUG"),
        row("3", description="KNITTED MUG"),
    )
    assert of(*rows).products == (Product("85123A", "KNITTED MUG", 255),)


def test_a_product_costs_its_last_price_that_is_not_zero() -> None:
    rows = (
        row("3", price="0", at="2010-12-01 11:00:00"),
        row("2", price="3.00", at="2010-12-01 10:00:00"),
        row("1", price="2.00", at="2010-12-01 09:00:00"),
        row("3", price="9.00", at="2010-12-01 11:00:00", code="22"),
    )
    assert {product.sku: product.price for product in of(*rows).products} == {
        "85123A": 300,
        "22": 900,
    }


def test_notes_about_damage_and_old_prices_of_returns_say_nothing_of_a_product() -> None:
    rows = (
        row("1"),
        row("2", price="0", quantity=-1, description="damages", at="2010-12-02 08:00:00"),
        row("3", price="0", quantity=-1, description="damages", at="2010-12-02 08:00:00"),
        row("C4", price="1.95", quantity=-1, at="2010-12-03 08:00:00"),
    )
    assert of(*rows).products == (Product("85123A", "WHITE TEAPOT", 255),)


def test_a_product_that_is_only_returned_is_a_product() -> None:
    assert of(row("C1", quantity=-1)).products == (Product("85123A", "WHITE TEAPOT", 255),)


def test_a_product_that_is_only_given_away_costs_nothing() -> None:
    given_away = of(row(price="0", description=""), row(code="M"))
    assert given_away.products == (Product("85123A", "85123A", 0),)


def test_what_is_only_written_off_is_stock_but_no_product() -> None:
    written_off = of(row(price="0", quantity=-3))
    assert written_off.products == ()
    assert written_off.receipts == (Receipt("day/85123A/1", "85123A", 3),)


def test_an_order_keeps_its_lines_their_order_and_the_same_code_twice() -> None:
    rows = (row(line=2), row(line=3, code="POST"), row(line=4, quantity=2), row(line=5, code="M"))
    (order,) = of(*rows).orders
    assert (order.lines, order.charges) == ((rows[0], rows[2]), (rows[1],))
    assert (order.customer, order.country, order.at) == ("17850", "United Kingdom", rows[0].at)


def test_left_out_lines_are_told_by_line() -> None:
    rows = (row(), row(code="M", price="-1"), row(price="0.001"), row("C2", code="M"))
    assert [line.row for line in of(*rows).left_out] == [rows[1], rows[2]]


def overlapping() -> tuple[Source, Source]:
    one, other = Path("1.csv"), Path("2.csv")
    first, shared = row("1", at="2010-12-01 08:00:00"), row("2", quantity=3)
    again, last = replace(shared, path=other, line=9), row("3", price="9", code="22")
    return (
        Source(one, "one", (replace(first, path=one), replace(shared, path=one))),
        Source(other, "two", (again, replace(last, path=other))),
    )


def test_the_order_of_the_files_does_not_matter() -> None:
    one, other = overlapping()
    assert plan([one, other]) == plan([other, one])
    assert len(plan([one, other]).orders) == 3


def test_lines_are_counted_once_and_their_repetitions_apart() -> None:
    told = plan(overlapping())
    assert (told.lines, told.repeated, len(told.invoices)) == (3, 1, 3)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row()] * 2_001, "2,001 lines; an order holds 2,000"),
        ([row(code="POST")] * 101, "101 charges; an order holds 100"),
        (
            [row(quantity=100_000, price="9999999")] * 11,
            "pence; an order holds 1,000,000,000,000,000",
        ),
    ],
)
def test_an_invoice_that_no_order_can_hold_is_refused(rows: list[Row], told: str) -> None:
    with pytest.raises(WrongFile) as refusal:
        of(row("2"), *rows)
    assert "day.csv, line 2: invoice 536365 comes to " in str(refusal.value)
    assert told in str(refusal.value)


def test_the_odd_rows_of_other_days_become_what_they_are(tmp_path: Path) -> None:
    told = plan(read([write(tmp_path / "odd.csv", *ODD)]))
    assert {it.number: it.fate for it in told.invoices if it.fate is not Fate.ORDER} == {
        "C581484": Fate.CANCELLATION,
        "550193": Fate.FRACTION,
        "A563185": Fate.BAD_DEBT,
        "A563186": Fate.BAD_DEBT,
        "550500": Fate.NOTHING_LEFT,
    }
    orders = {it.number: (len(it.lines), it.units, it.pence) for it in told.orders}
    assert orders == {
        "573585": (1_114, 1_114, 1_114 * 125),
        "581483": (1, 80_995, 80_995 * 208),
        "561226": (1, 3, 1_275),
        "568200": (1, 1, 1_000),
        "550501": (1, 4, 6_792),
    }
    assert {product.sku for product in told.products} >= {"DCGS0076", "PADS", "23843"}
    assert {(it.row.invoice, it.row.code, it.kind) for it in told.left_out} == {
        ("550193", "PADS", Kind.FRACTION),
        ("561226", "PADS", Kind.FRACTION),
        ("550500", "B", Kind.ADMINISTRATIVE),
        *(("550501", code, Kind.ADMINISTRATIVE) for code in ("M", "CRUK", "GIFT_0001_20")),
    }
