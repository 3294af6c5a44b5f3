"""The same figures read from the files a second time, by nothing that the importer uses."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

Rows = list[dict[str, str]]
NO_TRADE = "M|D|S|B|BANK CHARGES|AMAZONFEE|CRUK|GIFT_.*"


def figures(paths: Iterable[Path], outcomes: Mapping[str, str]) -> dict[str, Counter[str]]:
    """Count each day's invoices by outcome; `outcomes` says what the shop made of each order.

    Units and revenue (in pence) are those of the orders whose outcome is `confirmed`.
    """
    invoices: dict[str, Rows] = defaultdict(list)
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                invoices[row["InvoiceNo"].upper()].append(row)
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for number, rows in invoices.items():
        day = days[min(row["InvoiceDate"] for row in rows)[:10]]
        outcome, units, pence = _invoice(number, rows)
        outcome = outcomes.get(number, "missing") if outcome == "order" else outcome
        day.update({"invoices": 1, outcome: 1})
        if outcome == "confirmed":
            day.update(units=units, revenue=pence)
    return days


def _invoice(number: str, rows: Rows) -> tuple[str, int, int]:
    if number[0].isalpha():
        return ("cancellation" if number[0] == "C" else "bad debt"), 0, 0
    lines = [
        (row["StockCode"].upper(), int(row["Quantity"]), Decimal(row["UnitPrice"]) * 100)
        for row in rows
    ]
    ours = [line for line in lines if not re.fullmatch(NO_TRADE, line[0])]
    goods = [line for line in ours if line[0] not in ("POST", "DOT", "C2", "C3")]
    if not sum(quantity * price for _, quantity, price in lines):
        return ("stock adjustment" if goods else "nothing left"), 0, 0
    traded = [line for line in ours if line[1] > 0 and line[2] >= 0 and line[2] == int(line[2])]
    if traded:
        units = sum(line[1] for line in traded if line in goods)
        return "order", units, sum(quantity * int(price) for _, quantity, price in traded)
    written_off = any(quantity < 0 <= price for _, quantity, price in goods)
    return ("stock adjustment" if written_off else "nothing left"), 0, 0
