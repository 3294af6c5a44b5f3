"""Whatever process is killed at whatever moment, nothing is lost and nothing counts twice."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

import online_retail
from running_shop import ECOMMERCE, RunningShop, until

INVOICES = 60
SEED = 20_101_201
PAUSE = 0.7
"""Seconds between two kills; the supervisor starts what was killed again at once."""


def made_up(place: Path) -> Path:
    """Write invoices of one to four lines over a few SKUs, so that orders meet in the stock."""
    draw = random.Random(SEED)
    rows = [
        f"{800_000 + invoice},KILL{draw.randrange(12):02},COPPER JUG,{draw.randrange(1, 9)},"
        f"2011-02-01 09:{invoice % 60:02}:00,2.55,{90_000 + invoice}.0,France"
        for invoice in range(INVOICES)
        for _ in range(draw.randrange(1, 5))
    ]
    return online_retail.write(place / "killed.csv", *rows)


def victims(shop: RunningShop) -> list[psutil.Process]:
    """List the run's own programs and servers, but for the supervisor that starts them again."""
    found = [process for process in shop.processes() if process.is_running()]
    return [process for process in found if "supervisord" not in " ".join(process.cmdline())]


def test_an_import_comes_to_the_penny_though_processes_are_killed(
    shop: RunningShop, tmp_path: Path
) -> None:
    file, draw = made_up(tmp_path), random.Random(SEED)
    importing = subprocess.Popen(
        [ECOMMERCE, "import", "online-retail", file, "--json"],
        env=shop.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    killed: Counter[str] = Counter()
    for _ in range(12):
        try:
            importing.wait(PAUSE)
            break
        except subprocess.TimeoutExpired:
            victim = draw.choice(victims(shop))
            killed[victim.name()] += 1
            victim.kill()
    said, _ = importing.communicate(timeout=170)
    assert importing.returncode == 0, f"killed {killed}: {said.decode()[-2000:]}"
    assert killed.total() > 0
    _wait(shop)
    _expect_all_right(shop)


def _wait(shop: RunningShop) -> None:
    """Wait for what was killed last, the gateway perhaps."""
    for _ in until(60, "the gateway does not come back"):
        with suppress(httpx.HTTPError):
            shop.wait_until_ready()
            return


def _expect_all_right(shop: RunningShop) -> None:
    orders = [event["data"] for event in shop.log("orders") if event["type"] == "OrderCreated"]
    created = {
        order["order_id"]: order["total"]["amount"]
        for order in orders
        if (order["reference"] or "").startswith("80")
    }
    assert len(created) == INVOICES
    for order_id, total in created.items():
        assert shop.rest(order_id)["status"] == "confirmed"
        assert shop.ledger(order_id) == (total, 0)
    _expect_once(shop, created)
    _expect_one_mail_each(shop, created)


def _expect_once(shop: RunningShop, created: dict[str, int]) -> None:
    """Hold each context's log against the one fact that it has of each order."""
    once = {
        "inventory": "StockReserved",
        "payments": "PaymentSucceeded",
        "orders": "OrderConfirmed",
    }
    for context, fact in once.items():
        events = [event for event in shop.log(context) if event["type"] == fact]
        times = Counter(event["data"]["order_id"] for event in events)
        assert {order_id: times[order_id] for order_id in created} == dict.fromkeys(created, 1)


def _expect_one_mail_each(shop: RunningShop, created: dict[str, int]) -> None:
    for order_id in created:
        for _ in until(30, f"the mails about {order_id} are not there"):
            if len(shop.mails(order_id)) == 2:
                break
