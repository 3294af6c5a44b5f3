from decimal import Decimal
from pathlib import Path

import pytest

from ecommerce.cli.importers.rows import UnreadableFile, read
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
    (source,) = read([write(tmp_path / "day.csv", line)])
    assert source.rows[0].description == 'LARGE "CAKE" TOWEL,\nBROWN'


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
    ("content", "place", "what"),
    [
        (b"", "line 1", "the columns are not InvoiceNo"),
        (b"a,b\n1,2\n", "line 1", "the columns are not InvoiceNo"),
        (f"{HEADER}\n{TEA}\n{TEA[:40]}\n".encode(), "line 3", "has 5 columns instead of 8"),
        (f"{HEADER}\n{TEA}\n{TEA[:-5]}".encode(), "line 3", "may have been cut"),
        (f'{HEADER}\n{TEA}\n1,2,"CUT\n'.encode(), "line 3", "no line of a CSV file"),
        (f"{HEADER}\n{TEA}\n\n".encode(), "line 3", "has 0 columns instead of 8"),
        (
            f"{HEADER}\n{TEA}\n{MUG}\n".encode().replace(b"MUG", b"\xa3"),
            "line 3",
            "0xa3 is no UTF-8",
        ),
        (f"{HEADER}\n{TEA},9\n".encode(), "line 2", "has 9 columns instead of 8"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    tmp_path: Path, content: bytes, place: str, what: str
) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as refusal:
        read([path])
    assert f"{path}, {place}: " in str(refusal.value)
    assert what in str(refusal.value)
    assert str(refusal.value).endswith("Nothing was imported.")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("InvoiceNo", "53-6365"),
        ("StockCode", ""),
        ("StockCode", "é1"),
        ("Quantity", "six"),
        ("Quantity", "1.5"),
        ("Quantity", "0"),
        ("Quantity", "100001"),
        ("UnitPrice", "£2"),
        ("UnitPrice", "1e3"),
        ("UnitPrice", "nan"),
        ("InvoiceDate", "01/12/2010 08:26"),
        ("InvoiceDate", "2010-02-30 08:26:00"),
        ("CustomerID", "seventeen"),
        ("Country", ""),
    ],
)
def test_a_cell_that_cannot_be_is_refused_by_name(tmp_path: Path, column: str, cell: str):
    cells = dict(zip(HEADER.split(","), TEA.split(","), strict=True)) | {column: cell}
    path = write(tmp_path / "day.csv", MUG, ",".join(cells.values()))
    with pytest.raises(UnreadableFile, match=f"line 3: {column} "):
        read([path])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UnreadableFile, match=r"cannot be read \(No such file"):
        read([tmp_path / "none.csv"])


def test_the_same_file_twice_is_refused_whatever_its_name(tmp_path: Path):
    one, other = write(tmp_path / "one.csv", TEA), write(tmp_path / "other.csv", TEA)
    with pytest.raises(UnreadableFile, match="says the same as"):
        read([one, other])
