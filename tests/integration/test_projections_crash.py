"""A read model and a PostgreSQL that crashes: what its disk has not heard of is folded again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import Signals

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


@contextmanager
def crashing(place: Path, port: int) -> Iterator[str]:
    """Run PostgreSQL, which forgets in the end what no commit has waited for."""
    url = private_postgres.url(port, "test")
    server = private_postgres.program(place / "postgres", port)
    # Its background writer would write that soon.
    command = (*server.command, "-c", "wal_writer_delay=10s")
    server = replace(server, command=command, signal=Signals.SIGQUIT)
    with servers.running(server, place / "log", lambda: private_postgres.answers(url)):
        yield url


async def test_what_a_crash_takes_back_is_folded_again_and_counts_once() -> None:
    (port,) = ports.pick(1)
    with servers.folder() as place:
        private_postgres.prepare(place / "postgres", "test")
        with crashing(place, port) as url:
            migrate(url)
            async with readside.connected(url) as pool:
                await readside.append(pool, *RECEIVED)
                feed = (await readside.feeds(pool, stock))["inventory"]
                await readside.fold(feed, *RECEIVED)
                assert feed.position == len(RECEIVED)
        with crashing(place, port) as url:
            async with readside.connected(url) as pool:
                assert await readside.rows(pool, stock) == []
                projector = Projector("inventory", [stock], pool, url, readside.no_history)
                async with readside.running(projector.run()):
                    await readside.until(lambda: has_read_all(projector))
                assert await readside.rows(pool, stock) == [Stock("TEA", len(RECEIVED))]


async def test_a_process_that_lives_through_a_crash_folds_again_though_nothing_comes() -> None:
    (port,) = ports.pick(1)
    with servers.folder() as place:
        private_postgres.prepare(place / "postgres", "test")
        with crashing(place, port) as url:
            migrate(url)
        async with readside.connected(url) as pool:
            projector = Projector("inventory", [stock], pool, url, readside.no_history)
            async with readside.running(projector.run()):
                with crashing(place, port):
                    await readside.append(pool, *RECEIVED)
                    await readside.until(lambda: has_read_all(projector))
                with crashing(place, port):
                    await readside.until(lambda: has_read_all(projector))
                    assert await readside.rows(pool, stock) == [Stock("TEA", len(RECEIVED))]


async def has_read_all(projector: Projector) -> bool:
    return [each.position for each in await projector.progress()] == [len(RECEIVED)]
