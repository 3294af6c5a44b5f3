"""Whatever process is killed at whatever moment, nothing is lost and nothing counts twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from pathlib import Path

import httpx
import pytest

import online_retail
from kills.judging import faults
from kills.killing import IMPORTER, SUPERVISOR, Importing, kill_while
from running_shop import RunningShop, until

SEED = 20_101_201
PAUSE = 0.5
"""Seconds between two kills; the supervisor starts what was killed again at once."""

MAIN = {"orders", "inventory", "payments", "notifications", "gateway", "postmaster", "beam.smp"}
"""What is killed first: the services of an order, the gateway, PostgreSQL and the broker."""


def made_up(place: Path, numbers: range) -> tuple[Path, set[str]]:
    """Write invoices of one to four lines over a few SKUs, so that orders meet in the stock."""
    draw = random.Random(SEED)
    rows = [
        f"{number},KILL{draw.randrange(12):02},COPPER JUG,{draw.randrange(1, 9)},"
        f"2011-02-01 09:{number % 60:02}:00,2.55,{90_000 + number}.0,France"
        for number in numbers
        for _ in range(draw.randrange(1, 5))
    ]
    return online_retail.write(place / "killed.csv", *rows), {str(number) for number in numbers}


@pytest.fixture
def calm(shop: RunningShop) -> Iterator[None]:
    """Give the next test a shop in which what was killed last is back, the gateway perhaps."""
    yield
    for _ in until(60, "the gateway does not come back"):
        with suppress(httpx.HTTPError):
            shop.wait_until_ready()
            return


@pytest.mark.usefixtures("calm")
def test_an_import_comes_to_the_penny_though_services_gateway_database_and_broker_are_killed(
    shop: RunningShop, tmp_path: Path
) -> None:
    draw, killed = random.Random(SEED), {SUPERVISOR}

    def pick(kinds: list[str]) -> str:
        """Draw a kind of which none was killed; the supervisor is left to `make torture-kills`."""
        left = [kind for kind in kinds if kind not in killed]
        first = [kind for kind in left if kind in MAIN]
        return draw.choice(first or left or [IMPORTER])

    victims: list[str] = []
    placed: set[str] = set()
    for number in range(800_000, 801_200, 60):  # a fast machine is done with 60 before all died
        file, numbers = made_up(tmp_path, range(number, number + 60))
        placed |= numbers
        importing = Importing(shop, [file])
        for victim in kill_while(importing, shop, repeat(PAUSE, 12), pick, draw):
            victims.append(victim)
            killed.add(victim.partition(" (")[0])
        importing.finish(90)
        assert importing.table()["agrees"], victims
        if killed >= MAIN:
            break
    assert killed >= MAIN, victims
    assert faults(shop, placed.__contains__, len(placed)) == [], victims


def test_an_import_that_was_killed_and_is_run_again_comes_to_the_same_table(
    shop: RunningShop, tmp_path: Path
) -> None:
    file, numbers = made_up(tmp_path, range(810_000, 810_030))
    importing = Importing(shop, [file])
    _wait_for_the_first_order(shop, numbers)
    importing.kill()
    importing.finish(60)
    assert importing.begun == 2
    assert importing.table()["agrees"]
    assert faults(shop, numbers.__contains__, len(numbers)) == []


def _wait_for_the_first_order(shop: RunningShop, numbers: set[str]) -> None:
    for _ in until(60, "no order is placed"):
        created = (each["data"] for each in shop.log("orders") if each["type"] == "OrderCreated")
        if any(order["reference"] in numbers for order in created):
            return
