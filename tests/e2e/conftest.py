"""One shop for all end-to-end tests, with three instances of inventory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import servers
from ecommerce.sandbox import ports
from running_shop import RunningShop


@pytest.fixture(scope="session")
def started() -> Iterator[tuple[RunningShop, str]]:
    """Start the shop, give what `up` printed, and stop it."""
    with servers.folder() as place:
        shop = RunningShop(place / "run")
        base = ports.choose_base(24_000, range(90))
        try:
            yield shop, shop.up("--port-base", str(base))
        finally:
            shop.ecommerce("down")
            assert shop.processes() == [], "down leaves something"


@pytest.fixture
def shop(started: tuple[RunningShop, str]) -> RunningShop:
    return started[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.servers)
