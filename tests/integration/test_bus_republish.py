from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from aiormq.abc import FieldTable
from click.testing import CliRunner

from ecommerce.bus import publishing
from ecommerce.bus import republish as module
from ecommerce.bus.republish import republish, restore
from ecommerce.cli.main import main
from ecommerce.events.inventory import UnitsReceived
from ecommerce.store.connection import Pool
from readside import append, running
from relaying import links, published, reaches, receipts, relay
from shop_bus import Bus

pytestmark = pytest.mark.servers

PRIVATE = "update events set topic = 'stock.Secret.v1' where notification_id in (1, 3)"


@pytest.fixture
async def pool(pool: Pool) -> Pool:
    await append(pool, *receipts(6))
    async with pool.connection() as db:
        await db.execute(PRIVATE)
    return pool


async def test_a_relay_that_runs_publishes_again_from_where_it_is_set_back_to(
    shop: Bus, own_url: str, pool: Pool
) -> None:
    async with running(relay(shop, own_url).run()):
        await reaches(pool, 6)
        first = links(await published(shop, 4))
        async with pool.connection() as db:
            assert await republish(db, "inventory", 4) == 3
        again = links(await published(shop, 7))[4:]
        await reaches(pool, 6)
    assert first == [(0, 2), *pairwise((2, 4, 5, 6))]
    assert again == first[1:]


async def test_a_relay_that_is_publishing_a_page_goes_back_after_it(
    shop: Bus, own_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, send = asyncio.Event(), asyncio.Event(), publishing._send_one

    async def slowly(target: Any, entry: Any, previous: int) -> None:
        begun.set()
        await go.wait()
        await send(target, entry, previous)

    async with pool.connection() as db:
        await db.execute("update relay set position = 4, previous = 4")
    monkeypatch.setattr(publishing, "_send_one", slowly)
    async with running(relay(shop, own_url).run()):
        await begun.wait()
        async with pool.connection() as db:
            assert await republish(db, "inventory", 1) == 2
        go.set()
        await reaches(pool, 6)
        assert links(await published(shop, 6)) == [
            *pairwise((4, 5, 6)),
            (0, 2),
            *pairwise((2, 4, 5, 6)),
        ]


async def test_what_was_never_published_is_not_skipped(pool: Pool) -> None:
    async with pool.connection() as db:
        assert await republish(db, "inventory", 5) == 0
    await reaches(pool, 0)


async def test_a_history_is_restored_from_where_it_is_broken(
    shop: Bus, own_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    admin = shop.url("admin")
    async with pool.connection() as db, running(relay(shop, own_url).run()):
        await reaches(pool, 6)
        assert await restore(db, "inventory", admin) == 0
        async with shop.channel("admin") as channel:
            await channel.queue_delete("inventory.history")
            stream: FieldTable = {"x-queue-type": "stream"}
            history = await channel.declare_queue(
                "inventory.history", durable=True, arguments=stream
            )
            await history.bind("inventory.events", "#")
        await append(pool, UnitsReceived("TEA", 7))
        await reaches(pool, 7)
        assert await restore(db, "inventory", admin) == 5
        await reaches(pool, 7)
        assert await restore(db, "inventory", admin) == 0


@pytest.mark.usefixtures("pool")
def test_the_command_says_how_many_go_out_again(own_url: str) -> None:
    words = ["bus", "republish", "inventory", "--from", "5", "--url", own_url]
    told = CliRunner().invoke(main, words)
    assert told.output == "inventory publishes 0 events again, from inventory@5 on.\n"
