"""What of the log counts as published, and what keeps a relay at its work."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import DeliveryError

import ecommerce
from ecommerce.bus import connection, election, publishing
from ecommerce.bus import relay as module
from ecommerce.bus.relay import Relay
from ecommerce.events.inventory import UnitsReceived
from ecommerce.store import log
from ecommerce.store.connection import Connection, Pool
from ecommerce.store.envelope import encode
from ecommerce.store.log import Entry
from readside import append, running, until
from recording import recorded
from relaying import reached, reaches, receipts, relay
from shop_bus import Bus

pytestmark = pytest.mark.servers


@pytest.fixture
def publisher(shop: Bus, own_url: str) -> Relay:
    return relay(shop, own_url)


async def test_what_is_confirmed_behind_a_hole_is_not_counted(
    publisher: Relay, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, refusing, sent = publishing._send_one, asyncio.Event(), list[int]()
    refusing.set()

    async def send(target: Any, entry: Entry, previous: int) -> None:
        if entry.position == 3 and refusing.is_set():
            raise ConnectionError("it is not confirmed")
        await really(target, entry, previous)
        sent.append(entry.position)

    async def behind_the_hole() -> bool:
        return 5 in sent

    monkeypatch.setattr(publishing, "_send_one", send)
    await append(pool, *receipts(5))
    async with running(publisher.run()):
        await until(behind_the_hole)
        await reaches(pool, 2)
        refusing.clear()
        await reaches(pool, 5)
    assert sent[-3:] == [3, 4, 5]


async def test_what_the_broker_sends_back_is_not_published(
    shop: Bus, publisher: Relay, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, sent_back = publishing._send_one, asyncio.Event()

    async def send(*message: Any) -> None:
        try:
            await really(*message)
        except DeliveryError:
            sent_back.set()
            raise

    monkeypatch.setattr(publishing, "_send_one", send)
    await append(pool, UnitsReceived("TEA", 1))
    async with shop.channel("admin") as channel:
        history = await channel.get_queue("inventory.history", ensure=False)
        await history.unbind("inventory.events", "#")
        async with running(publisher.run()):
            await asyncio.wait_for(sent_back.wait(), 10)
            assert await reached(pool) == (0, 0)
            await history.bind("inventory.events", "#")
            await reaches(pool, 1)


async def test_a_page_that_takes_long_to_read_costs_nobody_the_lead(
    publisher: Relay, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, lost = log.read, list[bool]()

    async def read(pages: Connection, after: int, limit: int) -> Any:
        await pages.execute("select pg_sleep(1)")
        lost.append(not publisher.leading)
        return await really(pages, after, limit)

    monkeypatch.setattr(log, "read", read)
    monkeypatch.setattr(election, "PING", 0.1)
    monkeypatch.setattr(election, "_PATIENCE", 0.3)
    await append(pool, UnitsReceived("TEA", 1))
    async with running(publisher.run()):
        await reaches(pool, 1)
    assert lost == [False]


async def test_what_nobody_told_of_is_found_by_looking(publisher: Relay, pool: Pool) -> None:
    assert module.POLL == 0.2
    async with running(publisher.run()):
        for position in (1, 2, 3):
            await append(pool, UnitsReceived("TEA", position))
            await reaches(pool, position)


async def test_no_confirmation_is_waited_for_for_ever() -> None:
    told = dict[str, Any]()

    class Channel:
        async def get_underlay_channel(self) -> Channel:
            return self

        async def basic_publish(self, body: bytes, **options: Any) -> None:
            assert body == document
            told.update(options)

    document = encode(recorded(UnitsReceived("TEA", 1), 1))
    channel: Any = Channel()
    publish = await publishing.publishing(channel, "inventory.events")
    await publishing._send_one(
        publish, Entry(1, "stock.UnitsReceived.v1", "stock-TEA", document), 0
    )
    assert (told["timeout"], told["mandatory"], told["exchange"]) == (15, True, "inventory.events")


async def test_a_broker_that_falls_silent_is_noticed(shop: Bus) -> None:
    async with connection.connected(shop.url("inventory"), "inventory test") as opened:
        assert type(opened) is aio_pika.Connection, "it is to be built anew by us alone"
        transport: Any = opened.transport
        assert transport.connection.connection_tune.heartbeat == 10


def test_nobody_notifies_while_it_writes() -> None:
    store = Path(ecommerce.__file__).parent / "store"
    for path in [*store.rglob("*.py"), *store.rglob("*.sql")]:
        assert not re.search(r"\bpg_notify\b|\bnotify\s+\w", path.read_text(), re.IGNORECASE)
