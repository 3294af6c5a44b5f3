from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from ecommerce.bus import publishing
from ecommerce.bus import relay as module
from ecommerce.bus.election import leader
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import CONTENT_TYPE
from readside import append, running, until
from relaying import links, published, reaches, receipts, relay
from shop_bus import Bus

pytestmark = pytest.mark.servers

KILL = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and application_name = 'inventory relay {}'
"""


async def query(pool: Pool, text: str) -> Any:
    async with pool.connection() as db:
        return await (await db.execute(text.encode())).fetchone()


async def test_the_log_is_published_in_order_with_what_its_readers_need(
    shop: Bus, own_url: str, pool: Pool
) -> None:
    await append(pool, *receipts(450))
    async with running(relay(shop, own_url).run()):
        found = await published(shop, 450)
        await reaches(pool, 450)
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
    shop: Bus, own_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALE", 1.5)
    alarm = asyncio.Event()

    async def send(*_: Any) -> None:
        await alarm.wait()

    leading, standby = (relay(shop, own_url, f"inventory-{n}") for n in (1, 2))

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


async def test_private_events_are_closed_over(shop: Bus, own_url: str, pool: Pool) -> None:
    await append(pool, *receipts(6))
    async with pool.connection() as db:
        await db.execute(
            "update events set topic = 'stock.Secret.v1' where notification_id in (1, 3, 4, 6)"
        )
    async with running(relay(shop, own_url).run()):
        await reaches(pool, 6, 5)
        await append(pool, *receipts(1))
        found = await published(shop, 3)
    assert links(found) == [(0, 2), (2, 5), (5, 7)]


async def test_what_another_process_records_is_published_at_once(
    shop: Bus, own_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL", 60.0)
    first, second = (relay(shop, own_url, f"inventory-{n}") for n in (1, 2))

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
    shop: Bus, own_url: str, pool: Pool
) -> None:
    first, second = (relay(shop, own_url, f"inventory-{n}") for n in (1, 2))

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
            await reaches(pool, 3)
            assert not second.leading
            await until(lambda: leads_without("inventory-2", killed="inventory-1"))
            await append(pool, *receipts(3))
            await reaches(pool, 6)
            assert (first.leading, second.leading) == (False, True)
    assert links(await published(shop, 6)) == [*pairwise(range(7))]
