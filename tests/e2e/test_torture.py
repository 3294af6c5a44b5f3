"""Far more is ordered than there is, and nothing is oversold; judged by logs, ledger and mail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from running_shop import RunningShop, until

ORDERS, STOCK, BASKETS = 1000, 100, 300
SEED = 20_101_204
SHORT = "out_of_stock"
MAILED_WITHIN = 120.0
"""Seconds for all mails, which come one after another: far more than a slow machine needs."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def told(started: tuple[RunningShop, str]) -> Json:
    """Torture the shop once, and give what the command saw."""
    sizes = ("--orders", str(ORDERS), "--stock", str(STOCK), "--baskets", str(BASKETS))
    words = ("torture", "oversell", *sizes, "--seed", str(SEED), "--kill", "inventory", "--json")
    saw: Json = msgspec.json.decode(started[0].ecommerce(*words))
    return saw


class Facts:
    """What the logs, the provider and the mailbox hold of one round's orders."""

    def __init__(self, shop: RunningShop, told: Json) -> None:
        self.shop = shop
        self.skus = set(told["units"])
        log = shop.log("orders")
        created = [event["data"] for event in log if event["type"] == "OrderCreated"]
        self.totals = {
            order["order_id"]: order["total"]["amount"]
            for order in created
            if order["owner"] == told["owner"]
        }
        ended = ("OrderConfirmed", "OrderCancelled")
        self.ends: defaultdict[str, list[Json]] = defaultdict(list)
        for event in log:
            if event["type"] in ended and event["data"]["order_id"] in self.totals:
                self.ends[event["data"]["order_id"]].append(event)

    def ended(self, how: str) -> set[str]:
        """Name the orders that ended just once, and this way."""
        return {name for name, ends in self.ends.items() if [e["type"] for e in ends] == [how]}

    def inventory(self) -> Iterator[Json]:
        """Yield what inventory recorded of these orders and their SKUs, in order."""
        for event in self.shop.log("inventory"):
            data = event["data"]
            if data.get("order_id") in self.totals or data.get("sku") in self.skus:
                yield event

    def captured(self) -> dict[str, int]:
        """Say what the provider took for each order that it was asked to charge."""
        ours = [each for each in self.shop.accounts() if each["order_id"] in self.totals]
        assert all(len(order["charges"]) == 1 and not order["refunded"] for order in ours)
        return {order["order_id"]: order["captured"] for order in ours}

    def mails(self) -> dict[str, list[str]]:
        """List what each order's mails say, after waiting for two of each order."""
        found: dict[str, list[str]] = {order: [] for order in self.totals}
        read: set[Path] = set()
        for _ in until(MAILED_WITHIN, "some mails are not there"):
            for path in set((self.shop.place / "mailbox" / "new").iterdir()) - read:
                read.add(path)
                order, gist = _gist(path)
                if order in found:
                    found[order].append(gist)
            if sum(map(len, found.values())) >= 2 * len(found):
                break
        return found


def _gist(path: Path) -> tuple[str, str]:
    """Give the order that a mail is about, with its subject and whether it says what is short."""
    mail = HeaderParser().parsestr(path.read_text())
    order = mail["Message-ID"].removeprefix("<order-").partition("%40")[0]
    return order, mail["Subject"] + ": out of stock" * ("out of stock: " in mail.get_payload())


def expect_all_right(facts: Facts) -> None:
    """Hold what became of each order against stock, money and mail."""
    confirmed, cancelled = facts.ended("OrderConfirmed"), facts.ended("OrderCancelled")
    assert confirmed | cancelled == facts.totals.keys()
    assert {facts.ends[order][0]["data"]["code"] for order in cancelled} == {SHORT}
    assert facts.captured() == {order: facts.totals[order] for order in confirmed}
    ends = dict.fromkeys(confirmed, "Your order is confirmed")
    ends |= dict.fromkeys(cancelled, "Your order was cancelled: out of stock")
    told = {order: sorted(mails) for order, mails in facts.mails().items()}
    assert told == {order: sorted(["We have your order", ends[order]]) for order in facts.totals}
    assert expect_replay(facts) == (confirmed, cancelled)


def expect_replay(facts: Facts) -> tuple[set[str], set[str]]:
    """Go through inventory's log: no SKU is ever below zero, and who was short was short then.

    Returns the orders whose stock is held, and those that were short.
    """
    left: Counter[str] = Counter()
    held: defaultdict[str, dict[str, int]] = defaultdict(dict)
    promised: dict[str, dict[str, int]] = {}
    short: set[str] = set()
    for event in facts.inventory():
        data = event["data"]
        match event["type"]:
            case "UnitsReceived":
                left[data["sku"]] += data["quantity"]
            case "StockReserved":
                assert data["order_id"] not in promised
                promised[data["order_id"]] = {i["sku"]: i["quantity"] for i in data["items"]}
            case "UnitsReserved":
                left[data["sku"]] -= data["quantity"]
                assert left[data["sku"]] >= 0
                held[data["order_id"]][data["sku"]] = data["quantity"]
            case "StockReservationFailed":
                assert data["order_id"] not in short
                short.add(data["order_id"])
                for shortage in data["shortages"]:
                    assert left[shortage["sku"]] == shortage["available"] < shortage["requested"]
            case other:
                pytest.fail(f"{other} has no place in a round")
    assert held == promised
    return set(promised), short


def test_of_1000_orders_for_100_units_100_are_confirmed_and_900_told_that_they_are_short(
    shop: RunningShop, told: Json
) -> None:
    one, seen = told["rounds"][0], Facts(shop, told["rounds"][0])
    assert (len(told["gateways"]), told["inventory_instances"], told["holds"]) == (2, 3, True)
    assert len(told["killed"]) == 2
    assert (one["confirmed"], one["short"], one["other"]) == (STOCK, ORDERS - STOCK, 0)
    assert [units["left"] for units in one["units"].values()] == [0]
    assert len(seen.totals) == ORDERS
    assert len(seen.ended("OrderConfirmed")) == STOCK
    expect_all_right(seen)


def test_of_baskets_that_share_scarce_skus_each_gets_all_of_it_or_nothing(
    shop: RunningShop, told: Json
) -> None:
    baskets, seen = told["rounds"][1], Facts(shop, told["rounds"][1])
    assert len(seen.totals) == BASKETS
    assert min(baskets["confirmed"], baskets["short"]) > BASKETS // 10
    expect_all_right(seen)
