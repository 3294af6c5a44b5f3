"""One command starts the shop, and goes on with its data however it ended before."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec

from running_shop import ECOMMERCE, RunningShop, until

SOON = 20.0
"""Seconds in which a shop that was there before has to be ready."""


def test_it_says_where_everything_is_and_shows_three_orders(
    started: tuple[RunningShop, str],
) -> None:
    shop, said = started
    assert f"{shop.gateway}/schema" in said
    assert "admin" in said
    for process in ("catalog", "orders", "inventory-2", "payments", "notifications", "audit"):
        assert process in said
    for event in ("OrderConfirmed", "StockCompensated", "StockReservationFailed"):
        assert event in said


def test_status_tells_machines_how_each_service_is(shop: RunningShop) -> None:
    told = msgspec.json.decode(shop.ecommerce("status", "--json"))
    assert {each["service"] for each in told} >= {"gateway", "inventory-1", "inventory-2"}
    assert all(each["ready"] and each["pid"] for each in told)
    assert {each["parked"] for each in told} <= {0, None}


def test_a_second_start_says_that_it_runs(shop: RunningShop) -> None:
    said = shop.ecommerce("up", "--detach")
    assert "running already" in said
    assert shop.gateway in said


def test_the_broker_stands_as_the_code_says(shop: RunningShop) -> None:
    assert " order-" in shop.ecommerce("events", "tail", "orders", "-n", "1")
    shop.ecommerce("topology", "diff")


def orders_of(shop: RunningShop) -> list[str]:
    with shop.client("staff; orders:read") as client:
        page = client.get("/orders", params={"limit": 100}).json()
    return [order["order_id"] for order in page["items"]]


def test_it_goes_on_after_all_was_killed_and_after_ctrl_c_which_leaves_nothing(
    shop: RunningShop,
) -> None:
    before = orders_of(shop)
    for process in shop.processes():
        process.kill()
    with _following(shop) as up:
        assert orders_of(shop) == before
        up.send_signal(signal.SIGINT)
        said, _ = up.communicate(timeout=60)
    assert re.search("Stopped", said.decode())
    assert shop.processes() == []
    began = time.monotonic()
    again = shop.up()
    assert time.monotonic() - began < SOON
    assert "OrderConfirmed" not in again
    assert orders_of(shop) == before


@contextmanager
def _following(shop: RunningShop) -> Iterator[subprocess.Popen[bytes]]:
    """Run `up` in the foreground; the block begins when the shop is ready."""
    words = (str(ECOMMERCE), "up", "--scale", "inventory=3")
    with subprocess.Popen(words, env=shop.environment, stdout=subprocess.PIPE) as up:
        try:
            for _ in until(SOON, "it does not start"):
                if _answers(f"{shop.gateway}/health/ready"):
                    break
            yield up
        finally:
            up.kill()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False
