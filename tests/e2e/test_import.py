"""Days of a shop run through the saga, and their revenue agrees to the penny."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

import online_retail
from running_shop import RunningShop

MADE_UP = (
    "700001,E100A,COPPER JUG,6,2011-01-04 09:00:00,2.55,90001.0,United Kingdom",
    "700001,e100a,COPPER JUG,2,2011-01-04 09:00:00,2.55,90001.0,United Kingdom",
    "700001,POST,POSTAGE,1,2011-01-04 09:00:00,18.00,90001.0,United Kingdom",
    '700002,E200,"TIN BOX, ROUND",24,2011-01-04 10:15:00,0.85,,France',
    "700002,M,Manual,1,2011-01-04 10:15:00,4.25,,France",
    "C700003,E200,TIN BOX,-2,2011-01-04 11:00:00,0.85,90002.0,France",
    "700004,E200,damaged,-3,2011-01-04 12:00:00,0,,United Kingdom",
    "700005,E300,FREE SAMPLE,1,2011-01-05 08:00:00,0,90003.0,Spain",
    "700005,E100A,COPPER JUG,1,2011-01-05 08:00:00,2.95,90003.0,Spain",
)
MADE_UP_REVENUE = 8 * 255 + 1800 + 24 * 85 + 295


SCARCE = tuple(
    f"7100{number},SCARCE{(number + 3 * line) % 8},SCARCE THING,{number % 4 + 1},"
    f"2011-02-01 09:{number}:00,1.25,{90_100 + number}.0,France"
    for number in range(10, 50)
    for line in range(3)
)
"""Forty invoices that want 300 units of eight things."""


def run(shop: RunningShop, *files: Path, stock: str = "1.0") -> dict[str, Any]:
    words = ("import", "online-retail", *map(str, files), "--json", "--stock", stock)
    told: dict[str, Any] = msgspec.json.decode(shop.ecommerce(*words))
    return told


def captured(shop: RunningShop, references: set[str]) -> int:
    """Add up what the provider holds for the orders with these numbers."""
    created = [event for event in shop.log("orders") if event["type"] == "OrderCreated"]
    ours = [each["data"] for each in created if each["data"].get("reference") in references]
    assert len({order["reference"] for order in ours}) == len(ours)
    return sum(shop.ledger(order["order_id"])[0] for order in ours)


def held(shop: RunningShop, prefix: str) -> tuple[Counter[str], Counter[str]]:
    """Count what came in of some SKUs and what is held; never was more held than there was."""
    came, taken = Counter[str](), Counter[str]()
    for event in shop.log("inventory"):
        sku, units = event["data"].get("sku", ""), event["data"].get("quantity", 0)
        if sku.startswith(prefix):
            came[sku] += units if event["type"] == "UnitsReceived" else 0
            taken[sku] += {"UnitsReserved": units, "UnitsReleased": -units}.get(event["type"], 0)
            assert 0 <= taken[sku] <= came[sku], event
    return came, taken


def test_two_days_come_to_the_penny_and_a_second_time_to_nothing_more(
    shop: RunningShop, tmp_path: Path
) -> None:
    file = online_retail.write(tmp_path / "days.csv", *MADE_UP)
    first = run(shop, file)
    events = {context: len(shop.log(context)) for context in ("orders", "inventory", "payments")}
    assert captured(shop, {"700001", "700002", "700005"}) == MADE_UP_REVENUE
    assert run(shop, file) == first
    assert {context: len(shop.log(context)) for context in events} == events


def test_a_real_day_agrees_with_what_the_provider_holds(shop: RunningShop) -> None:
    (_, day, *_) = online_retail.real_days()
    run(shop, day)
    references = {line.split(",")[0] for line in day.read_text().splitlines()[1:]}
    assert captured(shop, references) == 4_773_338


def test_scarce_stock_confirms_what_it_can_and_charges_for_nothing_else(
    shop: RunningShop, tmp_path: Path
) -> None:
    halves = (SCARCE[:50], SCARCE[40:])
    files = [online_retail.write(tmp_path / f"{len(it)}.csv", *it) for it in halves]
    told = run(shop, *files, stock="0.8")
    ((figures, counted),) = [(day["shop"], day["files"]) for day in told["days"]]
    assert figures == counted
    assert figures["placed"] == figures["confirmed"] + figures["out_of_stock"] == 40
    assert min(figures["confirmed"], figures["out_of_stock"]) > 0
    came, taken = held(shop, "SCARCE")
    assert (len(came), came.total() <= 0.8 * 300) == (8, True)
    assert taken.total() == figures["units"]
    assert captured(shop, {line.split(",")[0] for line in SCARCE}) == figures["revenue"]
    assert run(shop, *reversed(files), stock="0.8") == told
