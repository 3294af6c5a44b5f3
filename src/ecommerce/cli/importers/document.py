"""The end of an import as machines read it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec

from ecommerce.cli.importers.reconcile import Figures
from ecommerce.cli.importers.report import Result


def write(result: Result) -> bytes:
    """Say all of it to a machine, in JSON. Amounts are in pence, which may have fractions."""
    shop, files = result.shop, result.files
    told = {
        "days": [
            {"day": day, "shop": _by_name(shop, day), "files": _by_name(files, day)}
            for day in sorted(shop.keys() | files.keys())
        ],
        "left_out": [
            {
                "file": str(line.row.path),
                "line": line.row.line,
                "invoice": line.row.invoice,
                "code": line.row.code,
                "amount": _number(line.row.amount),
                "reason": line.kind,
            }
            for line in result.left_out
        ],
        "differences": result.differences,
        "agrees": not result.differences,
    }
    return msgspec.json.Encoder(decimal_format="number").encode(told)


def _by_name(figures: Figures, day: str) -> dict[str, int]:
    return dict(sorted(figures.get(day, Counter()).items()))


def _number(pence: Decimal) -> int | Decimal:
    return pence.normalize() if pence % 1 else int(pence)
