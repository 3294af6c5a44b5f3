"""Databases and a shop's corner of the broker, for tests of the store and the bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ecommerce.store.connection import Pool
from readside import connected
from servers import Broker
from shop_bus import Bus, bus
from writing import database, emptied


@pytest.fixture(scope="module")
def shared_url(postgres: str) -> Iterator[str]:
    """Make a database for all tests of a module."""
    with database(postgres) as made:
        yield made


@pytest.fixture
def url(shared_url: str) -> str:
    """Give the module's database, emptied: for tests that leave nothing but rows in it."""
    return emptied(shared_url)


@pytest.fixture
def own_url(postgres: str) -> Iterator[str]:
    """Make a database for one test."""
    with database(postgres) as made:
        yield made


@pytest.fixture
async def pool(own_url: str) -> AsyncIterator[Pool]:
    """Open the test's own database."""
    async with connected(own_url) as opened:
        yield opened


@pytest.fixture
async def shop(rabbitmq: Broker) -> AsyncIterator[Bus]:
    """Make a vhost for one test."""
    async with bus(rabbitmq) as made:
        yield made
