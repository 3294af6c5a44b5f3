"""`ecommerce torture oversell` against a shop in memory, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from ecommerce.cli.importers.progress import Steps
from ecommerce.cli.torture import rounds, shop_here, torturing
from ecommerce.cli.torture.command import torture
from ecommerce.cli.torture.shop_here import Process
from ecommerce.sandbox import folder, ports, stack
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.stack import Instance
from fake_shop import FakeShop, fake_shop

ORDERS = 30
SMALL = ("--orders", str(ORDERS), "--stock", "4", "--seed", "3")


@pytest.fixture
def stopped() -> list[str]:
    """Give the list of the second gateways that were stopped."""
    return []


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stopped: list[str]) -> Iterator[FakeShop]:
    @asynccontextmanager
    async def second_gateway(_run: Run) -> AsyncIterator[str]:
        try:
            yield fake.url
        finally:
            stopped.append(fake.url)

    def running(_run: Run, service: str) -> list[Process]:
        return [Process(Instance(f"{service}-1", service, 1), 1)]

    with fake_shop() as fake:
        monkeypatch.setattr(torturing, "POLL", 0.01)
        monkeypatch.setattr(torturing, "CATCH_UP", 0.1)
        monkeypatch.setattr(stack, "gateway_url", lambda _run: fake.url)
        monkeypatch.setattr(shop_here, "find", lambda: Run(tmp_path))
        monkeypatch.setattr(shop_here, "running", running)
        monkeypatch.setattr(shop_here, "second_gateway", second_gateway)
        monkeypatch.setattr(shop_here, "ledger_url", lambda _run: f"{fake.url}/_sandbox/ledger")
        yield fake


def oversell(*options: str) -> Result:
    return CliRunner().invoke(torture, ["oversell", *options])


def test_it_tells_people_what_it_saw() -> None:
    result = oversell(*SMALL)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert "2 gateways, 1 instance of inventory, seed 3." in result.stdout
    assert "--scale inventory=3" in result.stdout
    assert "Nothing was oversold: of 60 orders" in result.stdout
    assert "30 of 30 one SKU: ended" in result.stderr


def test_it_tells_machines_the_same() -> None:
    told = json.loads(oversell(*SMALL, "--json").stdout)
    one, baskets = told["rounds"]
    assert (told["holds"], told["seed"], told["inventory_instances"]) == (True, 3, 1)
    assert (one["orders"], one["confirmed"], one["short"], one["other"]) == (ORDERS, 4, 26, 0)
    assert one["captured"] == 4 * 1999
    (units,) = one["units"].values()
    assert units == {"wanted": 30, "received": 4, "confirmed": 4, "reserved": 4, "left": 0}
    assert baskets["orders"] == ORDERS
    assert len(baskets["units"]) == rounds.SKUS


def test_each_run_has_skus_of_its_own_and_sells_them_no_more_in_the_end(shop: FakeShop) -> None:
    assert [oversell(*SMALL, "--baskets", "0").exit_code for _ in range(2)] == [0, 0]
    assert len(shop.available) == 2
    assert shop.products == {}
    assert len(shop.orders) == 2 * ORDERS


def test_a_shop_that_oversells_is_found_out_in_one_line(shop: FakeShop) -> None:
    shop.oversells = True
    result = oversell(*SMALL, "--baskets", "0")
    assert result.exit_code == 1
    *_, why = result.stderr.splitlines()
    assert why.startswith("Error: one SKU: OVERSELL-")
    assert why.endswith("was oversold: confirmed orders hold 30 of 4 units; seed 3")
    assert "Nothing was oversold" not in result.stdout


def test_more_orders_than_a_page_are_all_seen() -> None:
    told = json.loads(oversell("--orders", "130", "--baskets", "0", "--json").stdout)
    assert (told["rounds"][0]["confirmed"], told["rounds"][0]["short"]) == (100, 30)


def test_orders_are_sent_again_while_the_shop_is_busy_and_made_once(shop: FakeShop) -> None:
    shop.trouble_every = 11
    assert oversell(*SMALL, "--baskets", "0").exit_code == 0
    assert len(shop.orders) == ORDERS


async def test_a_process_is_killed_once_when_half_of_the_orders_are_taken(shop: FakeShop) -> None:
    taken: list[int] = []
    planned = rounds.one_sku("RUN", ORDERS, 4)
    ledger = f"{shop.url}/_sandbox/ledger"
    steps = Steps(Console(quiet=True))
    await torturing.carry_out(
        planned, [shop.url, shop.url], ledger, lambda: taken.append(len(shop.orders)), steps
    )
    (when,) = taken
    assert ORDERS // 2 <= when <= ORDERS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_signal_ends_it_the_second_gateway_is_stopped(
    shop: FakeShop, stopped: list[str], number: signal.Signals
) -> None:
    def end() -> None:
        assert shop.hanging.wait(10)
        os.kill(os.getpid(), number)

    shop.hang_at_order = 5
    threading.Thread(target=end).start()
    result = oversell(*SMALL)
    assert result.exit_code == 130
    assert "Interrupted. Done: " in result.stderr
    assert stopped == [shop.url]


def test_without_a_sandbox_provider_nothing_is_ordered(
    shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = ports.pick(1)
    for nobody in (f"http://127.0.0.1:{port}/_sandbox/ledger", f"{shop.url}/catalog/products"):
        monkeypatch.setattr(shop_here, "ledger_url", lambda _run, url=nobody: url)
        result = oversell(*SMALL)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: There is no sandbox payment provider at http://127")
        assert result.stderr.count("\n") == 1
    assert (shop.orders, shop.products) == ({}, {})


def test_a_shop_that_does_not_run_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("ECOMMERCE_RUN", str(tmp_path))
    folder.keep(Run(tmp_path))
    result = oversell()
    assert result.exit_code == 1
    assert result.stderr == "Error: Nothing is running: `ecommerce up` starts it.\n"
