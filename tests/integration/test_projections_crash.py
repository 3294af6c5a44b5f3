"""A read model and a PostgreSQL that crashes: what its disk has not heard of is folded again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from signal import Signals
from typing import NamedTuple

import pytest
from msgspec.structs import replace

import readside
import servers
from ecommerce.events.inventory import UnitsReceived
from ecommerce.projections import stock
from ecommerce.projections.runner import Projector
from ecommerce.projections.stock import Stock
from ecommerce.sandbox import ports
from ecommerce.sandbox import postgres as private_postgres
from ecommerce.store.migrate import migrate

pytestmark = pytest.mark.servers

RECEIVED = [UnitsReceived("TEA", 1)] * 50


class Crashing(NamedTuple):
    """A database, and its server, which forgets at each end what no commit has waited for."""

    url: str
    run: Callable[[], AbstractContextManager[None]]


@pytest.fixture
def crashing() -> Iterator[Crashing]:
    """Make a database with an empty log, whose server is started and crashed as often as needed."""
    (port,) = ports.pick(1)
    url = private_postgres.url(port, "test")
    with servers.folder() as place:
        private_postgres.prepare(place / "postgres", "test")
        server = private_postgres.program(place / "postgres", port)
        # Its background writer would soon write what nobody waits for.
        command = (*server.command, "-c", "wal_writer_delay=10s")
        server = replace(server, command=command, signal=Signals.SIGQUIT)

        @contextmanager
        def run() -> Iterator[None]:
            with servers.running(server, place / "log", lambda: private_postgres.answers(url)):
                yield

        with run():
            migrate(url)
        yield Crashing(url, run)


async def test_what_a_crash_takes_back_is_folded_again_and_counts_once(crashing: Crashing) -> None:
    with crashing.run():
        async with readside.connected(crashing.url) as pool:
            await readside.append(pool, *RECEIVED)
            feed = (await readside.feeds(pool, stock))["inventory"]
            await readside.fold(feed, *RECEIVED)
            assert feed.position == len(RECEIVED)
    with crashing.run():
        async with readside.connected(crashing.url) as pool:
            assert await readside.rows(pool, stock) == []
            projector = Projector("inventory", [stock], pool, crashing.url, readside.no_history)
            async with readside.running(projector.run()):
                await readside.until(lambda: has_read_all(projector))
            assert await readside.rows(pool, stock) == [Stock("TEA", len(RECEIVED))]


async def test_a_process_that_lives_through_a_crash_folds_again_though_nothing_comes(
    crashing: Crashing,
) -> None:
    async with readside.connected(crashing.url) as pool:
        projector = Projector("inventory", [stock], pool, crashing.url, readside.no_history)
        async with readside.running(projector.run()):
            with crashing.run():
                await readside.append(pool, *RECEIVED)
                await readside.until(lambda: has_read_all(projector))
            with crashing.run():
                await readside.until(lambda: has_read_all(projector))
                assert await readside.rows(pool, stock) == [Stock("TEA", len(RECEIVED))]


async def has_read_all(projector: Projector) -> bool:
    return [each.position for each in await projector.progress()] == [len(RECEIVED)]
