from pathlib import Path
from typing import Any

import pytest

from ecommerce.cli.importers.invoices import Fate, Kind, invoices, is_product, judge, once
from ecommerce.cli.importers.rows import Row, Source
from online_retail import row


def kinds(*rows: Row) -> list[Kind]:
    return [line.kind for line in judge(rows[0].invoice, rows).lines]


def test_an_invoice_that_sells_is_an_order() -> None:
    assert judge("1", (row(), row())).fate is Fate.ORDER
    assert kinds(row(), row()) == [Kind.SALE, Kind.SALE]


@pytest.mark.parametrize("code", ["POST", "DOT", "C2", "C3"])
def test_postage_and_carriage_are_charges(code: str):
    assert kinds(row(), row(code=code)) == [Kind.SALE, Kind.CHARGE]
    assert not is_product(code)


def test_postage_alone_is_an_order_too() -> None:
    assert judge("1", (row(code="POST"),)).fate is Fate.ORDER


@pytest.mark.parametrize(
    "code", ["M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "GIFT_0001_20"]
)
def test_what_only_the_accountant_needs_is_left_out(code: str):
    assert kinds(row(), row(code=code)) == [Kind.SALE, Kind.ADMINISTRATIVE]
    assert judge("1", (row(code=code),)).fate is Fate.NOTHING_LEFT
    assert not is_product(code)


@pytest.mark.parametrize("code", ["DCGS0076", "PADS", "15056BL", "M20"])
def test_odd_codes_are_products_all_the_same(code: str):
    assert is_product(code)


@pytest.mark.parametrize(
    ("number", "fate"), [("C536379", Fate.CANCELLATION), ("A563185", Fate.BAD_DEBT)]
)
def test_an_invoice_with_a_letter_is_not_imported(number: str, fate: Fate):
    invoice = judge(number, (row(number, quantity=-1),))
    assert (invoice.fate, invoice.lines) == (fate, ())


def test_a_write_off_is_a_stock_adjustment() -> None:
    written_off = row(quantity=-30, price="0.0", description="")
    assert kinds(written_off) == [Kind.ADJUSTMENT]
    assert judge("1", (written_off,)).fate is Fate.ADJUSTMENT


@pytest.mark.parametrize("description", ["", "amazon"])
def test_an_invoice_of_zero_total_is_a_stock_adjustment(description: str):
    free = row(quantity=56, price="0.0", description=description)
    assert kinds(free) == [Kind.ADJUSTMENT]
    assert judge("1", (free,)).fate is Fate.ADJUSTMENT


def test_a_free_line_of_an_invoice_that_comes_to_something_is_sold_for_nothing() -> None:
    assert kinds(row(price="0.0"), row()) == [Kind.SALE, Kind.SALE]
    assert kinds(row(price="0.0"), row(code="M")) == [Kind.SALE, Kind.ADMINISTRATIVE]


def test_a_write_off_beside_a_sale_is_an_adjustment_and_the_invoice_an_order() -> None:
    assert kinds(row(quantity=5), row(quantity=-1)) == [Kind.SALE, Kind.ADJUSTMENT]
    assert judge("1", (row(quantity=5), row(quantity=-1))).fate is Fate.ORDER


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ({"price": "0.001"}, Kind.FRACTION),
        ({"price": "-5.00"}, Kind.NEGATIVE),
        ({"code": "POST", "quantity": -1}, Kind.NEGATIVE),
        ({"code": "POST", "price": "1.005"}, Kind.FRACTION),
    ],
)
def test_a_line_that_no_order_can_have_is_left_out(odd: dict[str, Any], kind: Kind):
    assert kinds(row(quantity=100), row(**odd)) == [Kind.SALE, kind]


def test_an_invoice_of_which_only_such_lines_are_left_is_not_imported() -> None:
    assert judge("1", (row(price="0.001"),)).fate is Fate.FRACTION
    assert judge("1", (row(price="0.001", code="BANK CHARGES"),)).fate is Fate.NOTHING_LEFT
    assert judge("1", (row(price="-5.00"),)).fate is Fate.NOTHING_LEFT
    assert kinds(row(code="POST", price="0")) == [Kind.NO_CHARGE]
    assert kinds(row(code="M", price="0")) == [Kind.ADMINISTRATIVE]


def test_rows_become_invoices_in_the_order_of_their_times() -> None:
    late, early = row("2", at="2010-12-01 09:00:00"), row("3", at="2010-12-01 08:00:00")
    later = row("3", at="2010-12-01 08:01:00")
    first, second = invoices([late, later, early])
    assert (first.number, first.at, first.rows) == ("3", early.at, (later, early))
    assert second.number == "2"


def files(*contents: tuple[Row, ...]) -> list[Source]:
    return [Source(Path(f"{n}.csv"), f"{n}", rows) for n, rows in enumerate(contents)]


def test_a_line_that_stands_in_two_files_counts_once_wherever_it_stands() -> None:
    tea, mug, jug = row(quantity=1), row(quantity=2), row(quantity=3)
    there = Path("there.csv")
    again, moved = row(quantity=2, path=there, line=7), row(quantity=1, path=there, customer="")
    assert [*once(files((tea, mug), (again, jug)))] == [tea, mug, jug]
    assert [*once(files((tea, mug), (again, moved)))] == [tea, mug]


def test_a_line_that_one_file_holds_twice_counts_twice() -> None:
    tea, mug = row(quantity=1), row(quantity=2)
    assert [*once(files((tea, tea)))] == [tea, tea]
    assert [*once(files((tea, tea, mug), (tea,)))] == [tea, tea, mug]
    assert [*once(files((tea,), (tea, mug, tea)))] == [tea, mug, tea]


def test_an_invoice_is_put_together_from_all_files() -> None:
    other = row("600000", quantity=5)
    first, second = invoices(once(files((row(quantity=1), other), (row(quantity=2),))))
    assert [it.quantity for it in first.rows] == [1, 2]
    assert second.rows == (other,)
