"""What `ecommerce orders show` prints."""

from __future__ import annotations

import pytest

from ecommerce.cli import orders


def test_nothing_is_cut_off_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    step = {
        "id": "order-7@1",
        "type": "OrderCreated",
        "time": "2026-01-05T12:00:00.250Z",
        "source": "orders",
        "cause": "c" * 128,
        "actor": "a" * 64,
        "detail": "d" * 200,
    }
    orders._print({"events": [step], "waiting": []})
    _, line = capsys.readouterr().out.splitlines()
    assert line.split() == [
        "2026-01-05",
        "12:00:00.250",
        *(step[name] for name in ("source", "type", "cause", "actor", "detail")),
    ]
