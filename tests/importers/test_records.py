import os
from pathlib import Path

import pytest

from ecommerce.cli.importers.records import MOST_BYTES, WrongFile, records

NAMES = "name,pieces"
COLUMNS = ("name", "pieces")


def refusal(path: Path) -> str:
    with pytest.raises(WrongFile) as refused:
        list(records(path, COLUMNS))
    said = str(refused.value)
    assert said.endswith("Nothing was imported.")
    assert "\n" not in said
    return said


def test_each_record_is_told_by_the_line_on_which_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(b'\xef\xbb\xbfname,pieces\r\n"a ""b"",\nc",1\nd,2\n')
    assert [*records(path, COLUMNS)] == [(2, ['a "b",\nc', "1"]), (4, ["d", "2"])]


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"a,b\n1,2\n", "line 1", "the columns are not name,pieces"),
        (b"pieces,name\n1,2\n", "line 1", "the columns are not name,pieces"),
        (b"name;pieces\nx;2\n", "line 1", "the columns are not name,pieces"),
        (b"<!DOCTYPE html>", "line 1", "the columns are not name,pieces"),
        (b"PK\x03\x04\x14\xfe\x06 of a spreadsheet\n", "line 1", "0xfe is no UTF-8"),
        (f"{NAMES}\nx,1\n".encode("utf-16"), "line 1", "0xff is no UTF-8; save the file as CSV"),
        (f"{NAMES}\nx,1\n\N{POUND SIGN},2\n".encode("latin-1"), "line 3", "0xa3 is no UTF-8"),
        (f"{NAMES}\nx,1\ny,\u00e9".encode()[:-1], "line 3", "may have been cut here"),
        (f"{NAMES}\nx,1\ny,2".encode(), "line 3", "may have been cut here"),
        (f'{NAMES}\nx,1\n"cut,2\n'.encode(), "line 3", "is no line of a CSV file"),
        (f'{NAMES}\n"x"y,1\n'.encode(), "line 2", "is no line of a CSV file"),
        (f"{NAMES}\nx,1\n".replace("\n", "\r").encode(), "line 1", "is no line of a CSV file"),
        (f'{NAMES}\nx,1\n"'.encode() + b"y,2\n" * 100_000, "line 3", "is no line of a CSV file"),
        (f"{NAMES}\nx,1\n".encode() + b"y" * MOST_BYTES, "line 3", "is longer than 65,536 bytes"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    tmp_path: Path, content: bytes, place: str, what: str
) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(content)
    said = refusal(path)
    assert said.startswith(f"{path}, {place}: ")
    assert what in said


def test_a_file_of_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.touch()
    assert refusal(path).startswith(f"{path}: is empty.")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "none.csv: cannot be read (No such file or directory)." in refusal(tmp_path / "none.csv")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        assert refusal(path).startswith(f"{path}: is not a file but a directory, a pipe or a devic")


def test_a_huge_file_that_has_no_lines_is_refused_after_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "line 1: is longer than 65,536 bytes" in refusal(path)
