from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from aiormq.abc import FieldTable
from click.testing import CliRunner

from ecommerce.bus import publishing
from ecommerce.bus import republish as module
from ecommerce.bus.relay import Relay
from ecommerce.bus.republish import republish, restore
from ecommerce.cli.main import main
from ecommerce.events.inventory import UnitsReceived
from ecommerce.store.connection import Pool
from readside import append, connected, database, running, until
from servers import Broker
from shop_bus import Bus, bus

pytestmark = pytest.mark.servers

PRIVATE = "update events set topic = 'stock.Secret.v1' where notification_id in (1, 3)"


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
        await append(opened, *(UnitsReceived("TEA", number) for number in range(1, 7)))
        async with opened.connection() as db:
            await db.execute(PRIVATE)
        yield opened


async def reached(pool: Pool, position: int) -> None:
    async def there() -> bool:
        async with pool.connection() as db:
            row = await (await db.execute("select position from relay")).fetchone()
            return bool(row == (position,))

    await until(there)


async def links(shop: Bus, count: int) -> list[tuple[int, int]]:
    """Wait for so many messages in the history, and list them by `previous` and `position`."""
    found: list[tuple[int, int]] = []

    async def enough() -> bool:
        return len(found) >= count

    async with shop.channel("catalog") as channel:
        await channel.set_qos(1000)
        history = await channel.get_queue("inventory.history", ensure=False)

        async def note(message: object) -> None:
            headers = message.headers  # type: ignore[attr-defined] # of aio_pika's message
            found.append((headers["previous"], headers["position"]))

        await history.consume(note, arguments={"x-stream-offset": "first"})
        await until(enough)
    return found


def relay(shop: Bus, url: str) -> Relay:
    return Relay("inventory", shop.url("inventory"), url, "inventory-1", asyncio.Event())


async def test_a_relay_that_runs_publishes_again_from_where_it_is_set_back_to(
    shop: Bus, url: str, pool: Pool
) -> None:
    async with running(relay(shop, url).run()):
        await reached(pool, 6)
        first = await links(shop, 4)
        async with pool.connection() as db:
            assert await republish(db, "inventory", 4) == 3
        again = (await links(shop, 7))[4:]
        await reached(pool, 6)
    assert first == [(0, 2), *pairwise((2, 4, 5, 6))]
    assert again == first[1:]


async def test_a_relay_that_is_publishing_a_page_goes_back_after_it(
    shop: Bus, url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, send = asyncio.Event(), asyncio.Event(), publishing._send_one

    async def slowly(target: Any, entry: Any, previous: int) -> None:
        begun.set()
        await go.wait()
        await send(target, entry, previous)

    async with pool.connection() as db:
        await db.execute("update relay set position = 4, previous = 4")
    monkeypatch.setattr(publishing, "_send_one", slowly)
    async with running(relay(shop, url).run()):
        await begun.wait()
        async with pool.connection() as db:
            assert await republish(db, "inventory", 1) == 2
        go.set()
        await reached(pool, 6)
        assert await links(shop, 6) == [*pairwise((4, 5, 6)), (0, 2), *pairwise((2, 4, 5, 6))]


async def test_what_was_never_published_is_not_skipped(pool: Pool) -> None:
    async with pool.connection() as db:
        assert await republish(db, "inventory", 5) == 0
    await reached(pool, 0)


async def test_a_history_is_restored_from_where_it_is_broken(
    shop: Bus, url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    admin = shop.url("admin")
    async with pool.connection() as db, running(relay(shop, url).run()):
        await reached(pool, 6)
        assert await restore(db, "inventory", admin) == 0
        async with shop.channel("admin") as channel:
            await channel.queue_delete("inventory.history")
            stream: FieldTable = {"x-queue-type": "stream"}
            history = await channel.declare_queue(
                "inventory.history", durable=True, arguments=stream
            )
            await history.bind("inventory.events", "#")
        await append(pool, UnitsReceived("TEA", 7))
        await reached(pool, 7)
        assert await restore(db, "inventory", admin) == 5
        await reached(pool, 7)
        assert await restore(db, "inventory", admin) == 0


@pytest.mark.usefixtures("pool")
def test_the_command_says_how_many_go_out_again(url: str) -> None:
    words = ["bus", "republish", "inventory", "--from", "5", "--url", url]
    told = CliRunner().invoke(main, words)
    assert told.output == "inventory publishes 0 events again, from inventory@5 on.\n"
