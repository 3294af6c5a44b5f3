"""`ecommerce import online-retail` against a shop in memory, over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecommerce.cli.importers.command import imports
from fake_shop import FakeShop, fake_shop
from online_retail import HEADER, ODD, real_days, write

POSTAGE = "536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.0,17850.0,France"
TEA = "536365,85123A,WHITE TEAPOT,6,2010-12-01 08:26:00,2.55,17850.0,France"
MANUAL = "536365,M,Manual,1,2010-12-01 08:26:00,1.25,17850.0,France"
GUEST = "536366,85123a,WHITE TEAPOT,4,2010-12-02 09:00:00,3.0,,EIRE"
LOST = "536367,85123A,?,-5,2010-12-01 10:00:00,0.0,,United Kingdom"
RETURN = "C536368,85123A,WHITE TEAPOT,-1,2010-12-01 11:00:00,2.55,17850.0,France"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShop]:
    monkeypatch.setattr("ecommerce.cli.importers.placing.POLL", 0.01)
    with fake_shop() as shop:
        yield shop


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return write(tmp_path / "day.csv", TEA, POSTAGE, MANUAL, GUEST, LOST, RETURN)


@pytest.fixture
def overlapping(tmp_path: Path) -> list[Path]:
    """The day again, in files of which each holds something that another one holds too."""
    parts = [TEA, LOST, RETURN], [POSTAGE, TEA, MANUAL], [MANUAL, GUEST, RETURN]
    return [write(tmp_path / f"part-{number}.csv", *part) for number, part in enumerate(parts)]


def run(shop: FakeShop, *files: Path, options: tuple[str, ...] = ()) -> Result:
    arguments = ["online-retail", *map(str, files), "--gateway", shop.url, *options]
    return CliRunner().invoke(imports, arguments)


def days(result: Result) -> list[dict[str, int]]:
    """Give the figures of each day, which both sides must agree on."""
    told = json.loads(result.stdout)["days"]
    assert [day["shop"] for day in told] == [day["files"] for day in told]
    return [day["shop"] for day in told]


def test_a_day_becomes_products_stock_and_orders(shop: FakeShop, day: Path) -> None:
    result = run(shop, day)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert shop.products["85123A"]["name"] == "WHITE TEAPOT"
    assert shop.products["85123A"]["price"] == {"amount": 300, "currency": "GBP"}
    assert shop.received == {"85123A": 15}
    assert shop.adjusted == [("85123A", -5, "?")]
    assert shop.available["85123A"] == 0
    assert "agree to the penny: 2 orders confirmed, 10 units, £45.30" in result.stdout
    assert "day.csv:4" in result.stdout
    assert "£1.25" in result.stdout
    assert "orders:import" in next(iter(shop.callers))


def test_an_invoice_is_ordered_as_it_was_written(shop: FakeShop, day: Path) -> None:
    run(shop, day)
    order = shop.orders["536365"]
    assert order["customer"] == {"email": "customer-17850@import.invalid"}
    assert order["shipping_address"] == {"country": "France"}
    assert order["payment_method"] == "pm_card_visa"
    assert order["lines"][0]["unit_price"] == {"amount": 255, "currency": "GBP"}
    assert order["charges"] == [{"code": "POST", "amount": {"amount": 1800, "currency": "GBP"}}]
    assert order["placed_at"] == "2010-12-01T08:26:00+00:00"
    assert shop.orders["536366"]["customer"] == {}


def test_importing_again_does_nothing_twice(shop: FakeShop, day: Path) -> None:
    first, again = run(shop, day), run(shop, day)
    assert (first.stdout, again.exit_code) == (again.stdout, 0)
    assert shop.received == {"85123A": 15}
    assert len(shop.adjusted) == 1
    assert "2 of 2 orders placed (2 of them before)" in again.stderr


def test_another_day_brings_its_own_stock_and_the_last_price(
    shop: FakeShop, day: Path, tmp_path: Path
) -> None:
    later = "536999,85123A,WHITE TEAPOT,7,2010-12-03 09:00:00,3.75,,EIRE"
    run(shop, day)
    assert run(shop, write(tmp_path / "later.csv", later)).exit_code == 0
    assert shop.received == {"85123A": 22}
    assert shop.products["85123A"]["price"]["amount"] == 375
    assert run(shop, day, tmp_path / "later.csv").exit_code == 0
    assert shop.received == {"85123A": 22}


def test_scarce_stock_cancels_orders_and_still_agrees(shop: FakeShop, day: Path) -> None:
    result = run(shop, day, options=("--stock", "0.8"))
    assert result.exit_code == 0
    assert "1 out of stock" in result.stdout
    assert "agree to the penny: 1 orders confirmed, 1 cancelled, " in result.stdout
    assert shop.available["85123A"] in {2, 4}
    figures = days(run(shop, day, options=("--stock", "0.8", "--json")))
    assert [day["placed"] for day in figures] == [1, 1]
    assert sum(day.get("out_of_stock", 0) for day in figures) == 1


def test_other_stock_for_the_same_file_is_refused(shop: FakeShop, day: Path) -> None:
    run(shop, day)
    result = run(shop, day, options=("--stock", "2"))
    assert result.exit_code == 1
    assert "This was imported before, but with other content, with another --st" in result.stderr
    assert shop.received == {"85123A": 15}


def test_keys_are_forgotten_after_seven_days_and_then_nothing_is_done(
    shop: FakeShop, day: Path
) -> None:
    shop.age = timedelta(days=7, minutes=1)
    run(shop, day)
    shop.age = timedelta(0)
    products = dict(shop.products)
    result = run(shop, day)
    assert result.exit_code == 1
    assert "Invoice 536365 was imported on" in result.stderr
    assert "remembers for 7 days" in result.stderr
    assert (shop.products, shop.received) == (products, {"85123A": 15})


def test_stock_of_an_import_without_orders_is_remembered_too(
    shop: FakeShop, tmp_path: Path
) -> None:
    lost = write(tmp_path / "lost.csv", LOST)
    shop.age = timedelta(days=8)
    assert run(shop, lost).exit_code == 0
    result = run(shop, lost)
    assert result.exit_code == 1
    assert "The stock for these files was imported on" in result.stderr


def test_a_penny_that_is_missing_is_found(shop: FakeShop, day: Path) -> None:
    shop.lost_pence = 1
    result = run(shop, day)
    assert result.exit_code == 1
    assert "2010-12-01, revenue: the shop says £33.29, the files £33.30" in result.stdout
    assert "differ in 2 places" in result.stdout


def test_a_report_that_is_not_the_sum_of_the_orders_is_found(
    shop: FakeShop, day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecommerce.cli.importers.command.CATCH_UP", 0)
    shop.unreported = 1
    result = run(shop, day)
    assert result.exit_code == 1
    assert ", confirmed: the report of sales says 0, its orders 1" in result.stdout


def test_other_orders_of_the_day_are_nothing_to_compare(shop: FakeShop, day: Path) -> None:
    run(shop, day)
    shop.orders["mine"] = {**shop.orders["536365"], "reference": None}
    assert run(shop, day).exit_code == 0


def test_trouble_on_the_way_is_waited_out(shop: FakeShop, day: Path) -> None:
    shop.trouble_every = 5
    result = run(shop, day)
    assert result.exit_code == 0, result.output
    assert shop.received == {"85123A": 15}


def test_machines_get_a_document(shop: FakeShop, day: Path) -> None:
    told: dict[str, Any] = json.loads(run(shop, day, options=("--json",)).stdout)
    assert told["agrees"] is True
    assert told["days"][0]["day"] == "2010-12-01"
    assert told["days"][0]["shop"] == told["days"][0]["files"]
    assert told["days"][0]["files"]["revenue"] == 3330
    assert told["left_out"][0] | {"file": ""} == {
        "file": "",
        "line": 4,
        "invoice": "536365",
        "code": "M",
        "amount": 125,
        "reason": "administrative",
    }


def interrupt(shop: FakeShop, *files: Path, options: tuple[str, ...] = ()) -> str:
    """Import until the shop hangs, press Ctrl-C, and give what is said then."""
    code = "from ecommerce.cli.importers.command import imports; imports()"
    words = ["online-retail", *map(str, files), "--gateway", shop.url, *options]
    arguments = [sys.executable, "-c", code, *words]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=os.environ) as program:
        assert shop.hanging.wait(20)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=20)
    assert program.returncode == 130
    shop.hang_at_order = 0
    return said


def test_an_interrupted_import_says_what_is_done_and_goes_on(shop: FakeShop, day: Path) -> None:
    shop.hang_at_order = 1
    said = interrupt(shop, day)
    assert "Interrupted. Done: 1 of 1 products" in said
    assert "The same command again goes on." in said
    result = run(shop, day)
    assert result.exit_code == 0
    assert (shop.received, len(shop.adjusted)) == ({"85123A": 15}, 1)
    assert "1 of them before" in result.stderr


def test_an_interrupted_import_of_several_files_comes_to_what_one_at_a_stretch_does(
    shop: FakeShop, overlapping: list[Path]
) -> None:
    with fake_shop() as other:
        at_a_stretch = run(other, *overlapping, options=("--json",))
    shop.hang_at_order = 2
    interrupt(shop, *overlapping)
    result = run(shop, *reversed(overlapping), options=("--json",))
    assert (result.exit_code, result.stdout) == (0, at_a_stretch.stdout)
    assert (shop.received, shop.adjusted) == (other.received, other.adjusted)
    assert shop.available == other.available


def test_no_shop_is_said_at_once(day: Path) -> None:
    arguments = ["online-retail", str(day), "--gateway", "http://127.0.0.1:1"]
    result = CliRunner().invoke(imports, arguments)
    assert result.exit_code == 1
    assert "GET /health/live" in result.stderr
    assert "Is it running?" in result.stderr


def test_a_refusal_is_told_in_the_shops_own_words(shop: FakeShop, tmp_path: Path) -> None:
    shop.refuse_products = True
    result = run(shop, write(tmp_path / "day.csv", TEA))
    assert result.exit_code == 1
    assert "POST /catalog/products: Invalid request: Look: name is too long" in result.stderr
    assert "Done: 0 of 1 products" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--stock", "much"), "give a factor between 0 and 1000"),
        (("--stock", "-1"), "give a factor between 0 and 1000"),
        (("--stock", "nan"), "give a factor between 0 and 1000"),
        (("--gateway", "localhost"), "give a URL such as http://127.0.0.1:18000"),
    ],
)
def test_options_that_cannot_be_are_refused(day: Path, options: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(imports, ["online-retail", str(day), *options])
    assert (result.exit_code, said in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ": cannot be read (No such file or directory)"),
        ("", ": is empty"),
        ("PK\x03\x04", ", line 1: the columns are not InvoiceNo,StockCode,"),
        (f"{HEADER}\n{TEA[:30]}\n", ", line 2: has 5 columns instead of 8"),
        (f"{HEADER}\n{TEA}\n{GUEST[:-2]}", ", line 3: the line has no end, so the file may have"),
        (f"{HEADER}\n{TEA}\n{GUEST}\udcff\n", ", line 3: the byte 0xff is no UTF-8"),
        (f"{HEADER}\n" + f"{TEA}\n" * 2_001, ", line 2: invoice 536365 comes to 2,001 lines"),
    ],
)
def test_a_wrong_file_is_told_in_one_line_before_anything_is_done(
    shop: FakeShop, day: Path, tmp_path: Path, content: str | None, said: str
) -> None:
    wrong = tmp_path / "wrong.csv"
    if content is not None:
        wrong.write_text(content, encoding="utf-8", errors="surrogateescape")
    result = run(shop, day, wrong)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {wrong}{said}")
    assert result.stderr.endswith("Nothing was imported.\n")
    assert result.stderr.count("\n") == 1
    assert not shop.callers


def test_a_folder_is_no_file(shop: FakeShop, tmp_path: Path) -> None:
    result = run(shop, tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {tmp_path}: is not a file but a directory")


def test_files_that_overlap_come_to_the_same_in_any_order(
    shop: FakeShop, day: Path, overlapping: list[Path]
) -> None:
    with fake_shop() as other:
        whole = run(other, day, options=("--json",))
    for files in ((0, 1, 2), (2, 0, 1), (1, 1, 2, 0)):
        result = run(shop, *(overlapping[n] for n in files), options=("--json",))
        assert (result.exit_code, days(result)) == (0, days(whole))
    assert shop.received == {"85123A": 15}
    assert "6 lines of 4 invoices, not counting 6 that several files hold, in" in result.stderr


def test_an_invoice_that_was_imported_in_part_is_not_placed_again(
    shop: FakeShop, tmp_path: Path
) -> None:
    one = write(tmp_path / "1.csv", TEA)
    other = write(tmp_path / "2.csv", TEA.replace(",6,", ",3,"))
    run(shop, one)
    seen = (dict(shop.products), dict(shop.received), dict(shop.orders))
    result = run(shop, one, other)
    assert result.exit_code == 1
    assert "Invoice 536365 was imported before with 1 lines and 6 units; now it" in result.stderr
    assert "Nothing was imported; files that share an invoice must be" in result.stderr
    assert seen == (shop.products, shop.received, shop.orders)


def test_the_odd_rows_of_other_days_agree(shop: FakeShop, tmp_path: Path) -> None:
    odd = write(tmp_path / "odd.csv", *ODD)
    result = run(shop, odd)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert "5 orders confirmed, 82,117 units, £169,952.77." in result.stdout
    assert "1 below a penny" in result.stdout
    assert "-£5.00" in result.stdout
    assert "£0.001 " in result.stdout
    assert shop.orders["550501"]["lines"][0]["sku"] == "DCGS0076"
    left_out = json.loads(run(shop, odd, options=("--json",)).stdout)["left_out"]
    assert {it["code"]: it["amount"] for it in left_out if it["invoice"] > "550500"} == {
        "PADS": 0.2,
        "M": -500,
        "CRUK": 400,
        "GIFT_0001_20": 1667,
    }


def test_scarce_stock_is_never_oversold(shop: FakeShop) -> None:
    day, *_ = real_days()
    result = run(shop, day, options=("--stock", "0.8", "--json"))
    assert (result.exit_code, result.exception) == (0, None), result.output
    (figures,) = days(result)
    assert figures["placed"] == figures["confirmed"] + figures["out_of_stock"] == 127
    assert figures["out_of_stock"] > 0
    assert min(shop.available.values()) >= 0


def test_how_fast_it_went_is_said_beside_the_document(shop: FakeShop, day: Path) -> None:
    result = run(shop, day, options=("--json",))
    assert re.search(
        r"^6 lines of 4 invoices, in \d+\.\d s: [\d,]+ lines/s, [\d,.]+ invoices/s\.$",
        result.stderr,
        re.MULTILINE,
    )


def test_the_six_real_days_agree_in_spite_of_trouble(shop: FakeShop) -> None:
    shop.trouble_every = 500
    result = run(shop, *real_days(), options=("--json",))
    assert (result.exit_code, result.exception) == (0, None), result.output
    days = json.loads(result.stdout)["days"]
    assert sum(day["shop"]["invoices"] for day in days) == 757
    assert [day["shop"]["revenue"] for day in days] == [
        5_894_059,
        4_773_338,
        4_693_946,
        3_173_299,
        5_477_503,
        8_515_228,
    ]
