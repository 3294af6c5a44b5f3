"""The records of a CSV file, read line by line, or a refusal that names the line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final

MOST_BYTES: Final = 65_536
"""Of one line: what has longer ones is no file of lines, and must not fill the memory."""


class WrongFile(Exception):
    """A file is not what the importer takes; nothing was imported."""

    def __init__(self, path: Path, line: int | None, what: str) -> None:
        place = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{place}: {what}. Nothing was imported.")


def records(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that follows the header, and the line on which it begins.

    Raises `WrongFile`.
    """
    try:
        if not S_ISREG(path.stat().st_mode):
            raise WrongFile(path, None, "is not a file but a directory, a pipe or a device")
        with path.open("rb") as file:
            yield from _records(path, file, columns)
    except OSError as error:
        raise WrongFile(path, None, f"cannot be read ({error.strerror})") from error


def _records(path: Path, file: BinaryIO, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(path, file), strict=True)
    begins = 1
    try:
        if next(reader, []) != [*columns]:
            raise WrongFile(path, 1, f"the columns are not {','.join(columns)}")
        begins += 1
        for record in reader:
            yield begins, record
            begins = reader.line_num + 1
    except csv.Error as error:
        raise WrongFile(path, begins, f"is no line of a CSV file ({error})") from error


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    for number in count(1):
        line = file.readline(MOST_BYTES)
        if not line and number > 1:
            return
        if len(line) == MOST_BYTES:
            raise WrongFile(path, number, f"is longer than {MOST_BYTES:,} bytes")
        if not line:
            raise WrongFile(path, None, "is empty")
        # A first line without an end is judged by its columns, as it may be no CSV at all.
        if number > 1 and not line.endswith(b"\n"):
            what = "the line has no end, so the file may have been cut here"
            raise WrongFile(path, number, what)
        yield _text(path, number, line)


def _text(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        what = f"the byte {line[error.start]:#04x} is no UTF-8; save the file as CSV in UTF-8"
        raise WrongFile(path, number, what) from error
