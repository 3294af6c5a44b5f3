"""Fixtures that all tests may use, and the order in which tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import servers
from sandboxes import PaymentProvider, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[servers.Broker]:
    with servers.rabbitmq() as broker:
        yield broker


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaymentProvider]:
    """Run a sandbox payment provider for all tests of a module."""
    provider = PaymentProvider(tmp_path_factory.mktemp("provider") / "provider.sqlite")
    with running(provider):
        yield provider


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run pure tests first: what they find is found in seconds."""
    items.sort(key=lambda item: item.get_closest_marker("servers") is not None)
