from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from aio_pika.abc import AbstractIncomingMessage

from ecommerce.bus import publishing
from ecommerce.bus import relay as module
from ecommerce.bus.relay import Relay, leader
from ecommerce.events.inventory import UnitsReceived
from ecommerce.kernel import Event
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import CONTENT_TYPE
from readside import append, connected, database, running, until
from servers import Broker
from shop_bus import Bus, bus

pytestmark = pytest.mark.servers

KILL = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and application_name = 'inventory relay {}'
"""


@pytest.fixture
async def shop(rabbitmq: Broker) -> AsyncIterator[Bus]:
    async with bus(rabbitmq) as made:
        yield made


@pytest.fixture
async def url(postgres: str) -> AsyncIterator[str]:
    async with database(postgres) as made:
        yield made


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(url) as opened:
        yield opened


def receipts(count: int) -> list[Event]:
    return [UnitsReceived("TEA", number) for number in range(1, count + 1)]


async def published(shop: Bus, count: int) -> list[AbstractIncomingMessage]:
    """Wait until so many events stand in the history, and read them all."""
    found: list[AbstractIncomingMessage] = []

    async def note(message: AbstractIncomingMessage) -> None:
        found.append(message)

    async def enough() -> bool:
        return len(found) >= count

    async with shop.channel("catalog") as channel:
        await channel.set_qos(1000)
        history = await channel.get_queue("inventory.history", ensure=False)
        await history.consume(note, arguments={"x-stream-offset": "first"})
        await until(enough)
    return found


def links(found: list[AbstractIncomingMessage]) -> list[tuple[Any, Any]]:
    return [(message.headers["previous"], message.headers["position"]) for message in found]


async def query(pool: Pool, text: str) -> Any:
    async with pool.connection() as db:
        return await (await db.execute(text.encode())).fetchone()


async def reached(pool: Pool, position: int, previous: int) -> None:
    async def there() -> bool:
        found = await query(pool, "select position, previous from relay")
        return bool(found == (position, previous))

    await until(there)


async def test_the_log_is_published_in_order_with_what_its_readers_need(
    shop: Bus, url: str, pool: Pool
) -> None:
    await append(pool, *receipts(450))
    relay = Relay("inventory", shop.url("inventory"), url, "inventory-1", asyncio.Event())
    async with running(relay.run()):
        found = await published(shop, 450)
        await reached(pool, 450, 450)
    assert links(found) == [*pairwise(range(451))]
    first = found[0]
    assert (first.message_id, first.type, first.user_id) == (
        "stock-TEA@1",
        "UnitsReceived",
        "inventory",
    )
    assert (first.correlation_id, first.app_id, first.content_type, first.delivery_mode) == (
        "7",
        "ecommerce",
        CONTENT_TYPE,
        2,
    )
    body = await query(pool, "select state from events where notification_id = 1")
    assert (first.body,) == body


async def test_it_advances_while_the_broker_confirms_and_not_longer(
    shop: Bus, url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALE", 1.5)
    alarm = asyncio.Event()

    async def send(*_: Any) -> None:
        await alarm.wait()

    leading, standby = (
        Relay("inventory", shop.url("inventory"), url, f"inventory-{n}", asyncio.Event())
        for n in (1, 2)
    )

    async def both(*, advance: bool) -> bool:
        return leading.advancing is standby.advancing is advance

    assert not leading.advancing
    async with running(leading.run(), standby.run()):
        await until(lambda: both(advance=True))
        monkeypatch.setattr(publishing, "_send_one", send)
        await append(pool, *receipts(1))
        await until(lambda: both(advance=False))
        alarm.set()
        await until(lambda: both(advance=True))


async def test_private_events_are_closed_over(shop: Bus, url: str, pool: Pool) -> None:
    await append(pool, *receipts(6))
    async with pool.connection() as db:
        await db.execute(
            "update events set topic = 'stock.Secret.v1' where notification_id in (1, 3, 4, 6)"
        )
    relay = Relay("inventory", shop.url("inventory"), url, "inventory-1", asyncio.Event())
    async with running(relay.run()):
        await reached(pool, 6, 5)
        await append(pool, *receipts(1))
        found = await published(shop, 3)
    assert links(found) == [(0, 2), (2, 5), (5, 7)]


async def test_what_another_process_records_is_published_at_once(
    shop: Bus, url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL", 60.0)
    first, second = (
        Relay("inventory", shop.url("inventory"), url, f"inventory-{n}", asyncio.Event())
        for n in (1, 2)
    )

    async def led() -> bool:
        return first.leading or second.leading

    async with running(first.run(), second.run()):
        await until(led)
        standby = first if second.leading else second

        async def told() -> bool:
            standby._wake.set()
            return bool(await query(pool, "select position from relay") == (3,))

        await append(pool, *receipts(3))
        await until(told)


async def test_another_takes_over_when_the_leader_loses_its_session(
    shop: Bus, url: str, pool: Pool
) -> None:
    first, second = (
        Relay("inventory", shop.url("inventory"), url, f"inventory-{n}", asyncio.Event())
        for n in (1, 2)
    )

    async def leads(name: str) -> bool:
        async with pool.connection() as db:
            return await leader(db) == name

    async def leads_without(name: str, killed: str) -> bool:
        await query(pool, KILL.format(killed))
        return await leads(name)

    async with running(first.run()):
        await until(lambda: leads("inventory-1"))
        assert first.leading
        async with running(second.run()):
            await append(pool, *receipts(3))
            await reached(pool, 3, 3)
            assert not second.leading
            await until(lambda: leads_without("inventory-2", killed="inventory-1"))
            await append(pool, *receipts(3))
            await reached(pool, 6, 6)
            assert (first.leading, second.leading) == (False, True)
    assert links(await published(shop, 6)) == [*pairwise(range(7))]
