import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from ecommerce.cli.importers import rows
from ecommerce.cli.importers.records import WrongFile
from ecommerce.cli.importers.rows import read
from online_retail import HEADER, MUG, TEA, row, write


def test_a_line_becomes_a_row(tmp_path: Path):
    path = write(tmp_path / "day.csv", TEA)
    (source,) = read([path])
    assert source.rows == (row(quantity=6, path=path),)


def test_codes_are_read_in_upper_case_and_names_without_their_spaces(tmp_path: Path):
    line = "c536379,84029g, KNITTED  MUG ,-2,2010-12-01 08:26:00,3.39,,EIRE"
    (source,) = read([write(tmp_path / "day.csv", line)])
    (mug,) = source.rows
    assert (mug.invoice, mug.code, mug.description) == ("C536379", "84029G", "KNITTED  MUG")
    assert (mug.customer, mug.amount) == ("", Decimal(-678))


def test_prices_are_exact_and_may_hold_fractions_of_a_penny(tmp_path: Path):
    line = "1,PADS,PADS,3,2010-12-01 08:26:00,0.001,,EIRE"
    (source,) = read([write(tmp_path / "day.csv", line)])
    assert source.rows[0].price == Decimal("0.1")


def test_commas_quotes_and_line_ends_belong_to_a_description(tmp_path: Path):
    line = '1,2,"LARGE ""CAKE"" TOWEL,\nBROWN",3,2010-12-01 08:26:00,1.0,,EIRE'
    (source,) = read([write(tmp_path / "day.csv", line, line)])
    assert source.rows[0].description == 'LARGE "CAKE" TOWEL,\nBROWN'
    assert [row.line for row in source.rows] == [2, 4]


def test_the_digest_tells_what_a_file_says_not_how(tmp_path: Path):
    plain = write(tmp_path / "plain.csv", TEA, MUG)
    quoted = tmp_path / "quoted.csv"
    quoted.write_bytes(
        f'\ufeff{HEADER}\r\n"{TEA.replace(",", chr(34) + "," + chr(34))}"\r\n'.encode()
    )
    other = write(tmp_path / "other.csv", MUG)
    digests = [read([path])[0].digest for path in (write(tmp_path / "tea.csv", TEA), quoted)]
    assert digests[0] == digests[1]
    assert len({read([path])[0].digest for path in (plain, quoted, other)}) == 3


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("InvoiceNo", "53-6365"),
        ("InvoiceNo", "X536365"),
        ("StockCode", ""),
        ("StockCode", "é1"),
        ("Description", "bell \a"),
        ("Description", "nothing \0"),
        ("Quantity", "six"),
        ("Quantity", "1.5"),
        ("Quantity", "0"),
        ("Quantity", "100001"),
        ("UnitPrice", "£2"),
        ("UnitPrice", "1e3"),
        ("UnitPrice", "nan"),
        ("InvoiceDate", "01/12/2010 08:26"),
        ("InvoiceDate", "2010-02-30 08:26:00"),
        ("InvoiceDate", "0010-12-01 08:26:00"),
        ("CustomerID", "seventeen"),
        ("Country", ""),
    ],
)
def test_a_cell_that_cannot_be_is_refused_by_name(tmp_path: Path, column: str, cell: str):
    cells = dict(zip(HEADER.split(","), TEA.split(","), strict=True)) | {column: cell}
    path = write(tmp_path / "day.csv", MUG, ",".join(cells.values()))
    with pytest.raises(WrongFile, match=f"line 3: {column} "):
        read([path])


def test_files_that_hold_too_much_for_one_import_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", 3)
    one, other = write(tmp_path / "1.csv", TEA, MUG), write(tmp_path / "2.csv", TEA, MUG)
    with pytest.raises(WrongFile, match=r"2\.csv, line 3: is one more than the 3 that fit in one"):
        read([one, other])


def test_a_refusal_of_a_long_cell_is_one_short_line(tmp_path: Path):
    path = write(tmp_path / "day.csv", TEA.replace("WHITE", "W" * 10_000))
    with pytest.raises(WrongFile) as refusal:
        read([path])
    assert len(str(refusal.value)) < len(str(path)) + 200
    assert "line 2: Description 'WWW" in str(refusal.value)


def test_a_row_takes_little_memory_as_words_and_amounts_are_kept_once(tmp_path: Path):
    path = write(tmp_path / "day.csv", *(TEA, MUG) * 5_000)
    tracemalloc.start()
    try:
        sources = read([path])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / len(sources[0].rows) < 300
