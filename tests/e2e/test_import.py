"""A day of a real shop runs through, and its revenue agrees to the penny."""

from __future__ import annotations

from pathlib import Path

import msgspec

from running_shop import RunningShop

DAY = "2010-12-02.csv"


def test_a_day_reconciles_and_a_second_time_does_nothing(shop: RunningShop, data: Path) -> None:
    file = str(data / DAY)
    first = msgspec.json.decode(shop.ecommerce("import", "online-retail", file, "--json"))
    events = len(shop.log("orders"))
    second = msgspec.json.decode(shop.ecommerce("import", "online-retail", file, "--json"))
    assert first == second
    assert len(shop.log("orders")) == events
    captured = [
        event["data"]["amount"]["amount"]
        for event in shop.log("payments")
        if event["type"] == "PaymentSucceeded"
    ]
    assert sum(captured) > 0
