"""Parked messages with the real command loop: what is refused, given up, or never was readable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractChannel

from consuming import RETRIES, compensate, created, parked, parks
from ecommerce.aggregates import inventory
from ecommerce.bus import given_up, parked_asks
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.given_up import GivenUp
from ecommerce.bus.message import Received, write
from ecommerce.bus.parking import park, park_behind
from ecommerce.bus.reaction import Unfit
from ecommerce.bus.redrive import Redrive
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool
from ecommerce.store.discards import Discarding
from ecommerce.store.envelope import Recorded, encode, open_envelope, routing_key
from readside import connected, running
from shop_bus import MEMBERS, Bus
from writing import looping, rows, until

pytestmark = pytest.mark.servers

MEMBER = MEMBERS["inventory"]
KEY = routing_key("order.OrderCreated.v1", "order-7")


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(url) as opened:
        yield opened


@pytest.fixture
async def loop(pool: Pool) -> AsyncIterator[CommandLoop]:
    async with looping(str(pool.conninfo), Discarding(inventory)) as started:
        yield started


@asynccontextmanager
async def redriving(pool: Pool, loop: CommandLoop) -> AsyncIterator[None]:
    async with running(Redrive(MEMBER, pool, loop.submit, "a", RETRIES).run()):
        yield


async def parked_here(pool: Pool, noted: Recorded[Any], reason: str = "policy failed") -> None:
    document, headers = encode(noted), {"position": noted.position, "previous": 0}
    received = Received(open_envelope(document), document, noted.position, KEY, headers)
    if not await park_behind(pool, received):
        await park(pool, received, Unfit(reason), 1)


async def left(pool: Pool, *reasons: str) -> None:
    async def reached() -> bool:
        return [row[2] for row in await parked(pool)] == [*reasons]

    await until(reached)


async def log(url: str) -> list[dict[str, Any]]:
    found = await rows(url, "select state from events order by notification_id")
    return [msgspec.json.decode(state) for (state,) in found]


async def types(url: str) -> list[str]:
    return [document["type"] for document in await log(url)]


async def test_what_the_database_refuses_is_parked_and_redriven_once_it_is_taken(
    shop: Bus, pool: Pool, loop: CommandLoop, url: str
) -> None:
    await rows(url, "alter table events add constraint no check (originator_id <> 'reservation-7')")
    consumer = Consumer(MEMBER, shop.url("inventory"), pool, loop.submit, "a", RETRIES)
    async with running(consumer.run()):
        await shop.publish(created("7"), created("8"), compensate("7"))
        await parks(pool, 2)
    await rows(url, "alter table events drop constraint no")
    assert await parked(pool) == [
        ("7", "order-7@1", "not recorded", 4),
        ("7", "order-7@2", "behind parked", 0),
    ]
    async with pool.connection() as db:
        (first, _) = await parked_asks.listed(db)
        assert "CheckViolation" in (first.detail or "")
        await parked_asks.ask_retry(db, ["7"])
    async with redriving(pool, loop):
        await left(pool)
    subjects = [each["subject"] for each in await log(url)]
    assert subjects.count("reservation-8") == 1
    assert subjects.count("reservation-7") == 2


async def test_what_is_given_up_is_a_fact_and_what_stood_behind_it_goes_on(
    pool: Pool, loop: CommandLoop, url: str
) -> None:
    await parked_here(pool, created("7"))
    await parked_here(pool, compensate("7"))
    async with pool.connection() as db:
        await parked_asks.ask_discard(db, 1, "a test order")
    async with redriving(pool, loop):
        await left(pool)
    fact, following = await log(url)
    assert fact["type"] == "MessageDiscarded"
    assert fact["subject"] == "parked-order-7@1"
    assert (fact["correlationid"], fact["causationid"]) == ("7", "order-7@1")
    assert fact["actor"] == "operator"
    assert fact["data"] == {
        "message_id": "order-7@1",
        "message_type": "OrderCreated",
        "trouble": "policy failed",
        "reason": "a test order",
    }
    assert following["type"] == "StockCompensated"


async def test_what_is_given_up_in_the_middle_leaves_its_key_blocked(
    pool: Pool, loop: CommandLoop, url: str
) -> None:
    await parked_here(pool, created("7"))
    await parked_here(pool, compensate("7", 2))
    await parked_here(pool, compensate("7", 3))
    async with pool.connection() as db:
        await parked_asks.ask_discard(db, 2, "twice")
    async with redriving(pool, loop):
        await left(pool, "policy failed", "behind parked")
    assert await types(url) == ["MessageDiscarded"]


async def test_a_message_is_given_up_once_though_its_row_is_found_again(
    pool: Pool, loop: CommandLoop, url: str
) -> None:
    """A process that ends between the fact and the row leaves the row to the next."""
    await parked_here(pool, created("7"))
    async with pool.connection() as db:
        await parked_asks.ask_discard(db, 1, "a test order")
        await db.execute("create temporary table kept as select * from parked")
        async with redriving(pool, loop):
            await left(pool)
        await db.execute(
            "insert into parked (id, key, message_id, source, routing_key, headers, body, reason,"
            " attempts, discard_reason) select id, key, message_id, source, routing_key, headers,"
            " body, reason, attempts, discard_reason from kept"
        )
    async with redriving(pool, loop):
        await left(pool)
    assert await types(url) == ["MessageDiscarded"]


@asynccontextmanager
async def with_unreadable(shop: Bus, pool: Pool, loop: CommandLoop) -> AsyncIterator[None]:
    """Have inventory meet a message of nobody and one of a forger."""
    forged = write(encode(created("7")), 1, 0)
    forged.user_id = "admin"
    async with shop.channel("admin") as channel:
        target = await channel.get_exchange("orders.events", ensure=False)
        await target.publish(Message(b"\xff?", user_id="admin"), KEY)
        await target.publish(forged, KEY)
    consumer = Consumer(MEMBER, shop.url("inventory"), pool, loop.submit, "a", RETRIES)

    async def there() -> bool:
        return await shop.depth("inventory.parked") == 2

    async with running(consumer.run()):
        await until(there)
        yield


async def looked(shop: Bus) -> list[GivenUp]:
    async with shop.channel("admin") as channel:
        return await given_up.look(channel, "inventory")


async def into_row(channel: AbstractChannel, wanted: GivenUp, pool: Pool) -> int | None:
    async with pool.connection() as db:
        taken = await given_up.into_rows(channel, "inventory", [wanted.id], db)
    return taken.get(wanted.id)


async def test_what_cannot_be_read_is_listed_and_can_be_given_up(
    shop: Bus, pool: Pool, loop: CommandLoop, url: str
) -> None:
    async with with_unreadable(shop, pool, loop):
        first, second = sorted(await looked(shop), key=lambda each: each.message_id)
        assert (first.reason, second.reason) == ("unreadable", "unreadable")
        assert "no CloudEvents document" in first.detail
        assert "another sender" in second.detail
        assert sorted(each.id for each in await looked(shop)) == sorted([first.id, second.id])
        async with shop.channel("admin") as channel:
            number = await into_row(channel, second, pool)
        assert number
        async with pool.connection() as db:
            await parked_asks.ask_discard(db, number, "forged")
        async with redriving(pool, loop):
            await left(pool)
    assert [each.id for each in await looked(shop)] == [first.id]
    (fact,) = await log(url)
    assert fact["subject"] == f"parked-unreadable-{second.id}"
    assert fact["data"]["trouble"] == "unreadable"


async def test_a_forged_message_that_is_made_a_row_has_no_effect_though_it_is_asked_for(
    shop: Bus, pool: Pool, loop: CommandLoop, url: str
) -> None:
    async with with_unreadable(shop, pool, loop):
        async with shop.channel("admin") as channel:
            (forged,) = [each for each in await looked(shop) if "sender" in each.detail]
            number = await into_row(channel, forged, pool)
        async with pool.connection() as db:
            await db.execute("update parked set retry_at = now() where id = %s", (number,))
        async with redriving(pool, loop):
            await left(pool, "unreadable")

            async def told() -> bool:
                found = await rows(url, "select retry_at from parked")
                return found == [(None,)]

            await until(told)
    assert await log(url) == []
