"""The same figures read from the files a second time, by nothing that the importer uses."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from sys import intern
from typing import NamedTuple

Said = tuple[str, str, str, str, str]
"""What a line says: code, description, quantity, unit price in pence and time."""
NO_TRADE = "M|D|S|B|BANK CHARGES|AMAZONFEE|CRUK|GIFT_.*"
CARRIAGE = ("POST", "DOT", "C2", "C3")


class Told(NamedTuple):
    """An invoice as the files have it: what becomes of it, and what it comes to if it is sold."""

    number: str
    day: str
    fate: str
    units: int
    pence: int


def read(paths: Iterable[Path]) -> list[Told]:
    """Judge each invoice. Lines that several files hold count as often as in one of them."""
    invoices: dict[str, Counter[Said]] = defaultdict(Counter)
    for path in paths:
        here: dict[str, Counter[Said]] = defaultdict(Counter)
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                here[row["InvoiceNo"].upper()][_said(row)] += 1
        while here:
            number, lines = here.popitem()
            invoices[number] |= lines
    return [_invoice(number, [*lines.elements()]) for number, lines in invoices.items()]


def figures(invoices: Iterable[Told], outcomes: Mapping[str, str]) -> dict[str, Counter[str]]:
    """Count each day's invoices by outcome; `outcomes` says what the shop made of each order.

    Units and revenue (in pence) are those of the orders whose outcome is `confirmed`.
    """
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for it in invoices:
        outcome = outcomes.get(it.number, "missing") if it.fate == "placed" else it.fate
        days[it.day].update({"invoices": 1, it.fate: 1})
        if it.fate == "placed":
            days[it.day][outcome] += 1
        if outcome == "confirmed":
            days[it.day].update(units=it.units, revenue=it.pence)
    return days


def _said(row: Mapping[str, str]) -> Said:
    return (
        intern(row["StockCode"].upper()),
        intern(row["Description"].strip()),
        intern(str(int(row["Quantity"]))),
        _pence(row["UnitPrice"]),
        intern(row["InvoiceDate"]),
    )


@cache
def _pence(pounds: str) -> str:
    return f"{(Decimal(pounds) * 100).normalize():f}"


def _invoice(number: str, said: list[Said]) -> Told:
    fate, units, pence = _fate(number, said)
    return Told(number, min(line[-1] for line in said)[:10], fate, units, pence)


def _fate(number: str, said: list[Said]) -> tuple[str, int, int]:
    if number[0].isalpha():
        return ("cancellation" if number[0] == "C" else "bad debt"), 0, 0
    lines = [(code, int(quantity), Decimal(price)) for code, _, quantity, price, _ in said]
    ours = [line for line in lines if not re.fullmatch(NO_TRADE, line[0])]
    goods = [line for line in ours if line[0] not in CARRIAGE]
    if not sum(quantity * price for _, quantity, price in lines):
        return ("stock adjustment" if goods else "nothing left"), 0, 0
    sold = [line for line in ours if line[1] > 0 and line[2] >= 0]
    traded = [line for line in sold if line[2] == int(line[2])]
    if traded:
        units = sum(quantity for code, quantity, _ in traded if code not in CARRIAGE)
        return "placed", units, sum(quantity * int(price) for _, quantity, price in traded)
    if any(quantity < 0 <= price for _, quantity, price in goods):
        return "stock adjustment", 0, 0
    return ("below a penny" if sold else "nothing left"), 0, 0
