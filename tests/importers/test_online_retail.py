from decimal import Decimal
from pathlib import Path

import pytest

from ecommerce.cli.importers.online_retail import Adjustment, Plan, Product, Receipt, plan
from ecommerce.cli.importers.rows import Row, Source
from online_retail import row


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


def test_an_order_keeps_its_lines_their_order_and_the_same_code_twice() -> None:
    rows = (row(line=2), row(line=3, code="POST"), row(line=4, quantity=2), row(line=5, code="M"))
    (order,) = of(*rows).orders
    assert (order.lines, order.charges) == ((rows[0], rows[2]), (rows[1],))
    assert (order.customer, order.country, order.at) == ("17850", "United Kingdom", rows[0].at)


def test_left_out_lines_are_told_by_line() -> None:
    rows = (row(), row(code="M", price="-1"), row(price="0.001"), row("C2", code="M"))
    assert [line.row for line in of(*rows).left_out] == [rows[1], rows[2]]


def test_the_order_of_the_files_does_not_matter() -> None:
    one = Source(Path("1"), "one", (row(path=Path("1")), row(path=Path("1"), quantity=2)))
    other = Source(Path("2"), "two", (row(path=Path("2"), at="2010-12-01 08:27:00", price="9"),))
    assert plan([one, other]) == plan([other, one])
    assert len(plan([one, other]).orders) == 1
