from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from consuming import (
    RETRIES,
    Loop,
    beating,
    compensate,
    consuming,
    created,
    order_of,
    parked,
    parks,
)
from ecommerce.bus import parked_asks, parked_rows
from ecommerce.bus.member import Member
from ecommerce.bus.message import Received
from ecommerce.bus.parking import locked, park, park_behind
from ecommerce.bus.reaction import Unfit
from ecommerce.bus.redrive import Redrive
from ecommerce.bus.sharing import beat, leave
from ecommerce.events.orders import OrderCreated
from ecommerce.kernel import Command
from ecommerce.policies import inventory
from ecommerce.store import upcasters
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import Recorded, encode, open_envelope
from ecommerce.store.unit import StoreUnavailable, Unit
from readside import connected, running
from shop_bus import MEMBERS, Bus
from writing import until

pytestmark = pytest.mark.servers

INVENTORY = MEMBERS["inventory"]


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(url) as opened:
        async with opened.connection() as db:
            await db.execute("delete from instances")
        yield opened


@asynccontextmanager
async def redriving(pool: Pool, loop: Loop, member: Member = INVENTORY) -> AsyncIterator[None]:
    redrive = Redrive(member, pool, loop.submit, "a", RETRIES)
    async with running(beating(pool, "a"), redrive.run()):
        yield


async def end_with_one_in_hand(pool: Pool, instance: str) -> None:
    """Claim a row, and be gone."""
    await beat(pool, instance)
    assert len(await parked_rows.claim(pool, instance, 9)) == 1
    assert await parked_rows.claim(pool, instance, 9) == [], "it has that in hand"
    await leave(pool, instance)


def is_about(message_id: str, unit: Unit) -> bool:
    return unit.cause.causation_id == message_id


def received(noted: Recorded[Any], document: bytes | None = None) -> Received:
    document = document or encode(noted)
    headers = {"position": noted.position, "previous": 0}
    return Received(open_envelope(document), document, noted.position, "any", headers)


async def parked_here(pool: Pool, *noted: Recorded[Any], reason: str = "policy failed") -> None:
    """Park an order's messages, the first for a reason, the others behind it."""
    first, *others = map(received, noted)
    await park(pool, first, Unfit(reason), 1)
    for each in others:
        assert await park_behind(pool, each)


async def ask(pool: Pool, *ids: int) -> None:
    async with pool.connection() as connection:
        await parked_rows.ask(connection, ids)


async def reasons(pool: Pool) -> list[str]:
    return [row[2] for row in await parked(pool)]


async def left(pool: Pool, *expected: str) -> None:
    """Wait until just these rows are left, by their reasons."""

    async def reached() -> bool:
        return await reasons(pool) == [*expected]

    await until(reached)


def handled(loop: Loop) -> list[str]:
    return [unit.cause.causation_id for unit in loop.recorded.values()]


async def test_messages_that_arrive_while_their_key_is_redriven_keep_their_order(
    shop: Bus, pool: Pool
) -> None:
    """The last row goes, and the next message stands behind it or finds its key free."""
    loop = Loop(lambda _: ValueError("a bug"))
    orders, last = ("7", "8"), 25
    async with consuming(shop, pool, loop):
        await shop.publish(*map(created, orders), *map(compensate, orders))
        await parks(pool, 4)
        loop.fail = lambda _: None
        async with redriving(pool, loop):
            await ask(pool, *await heads(pool))
            for version in range(3, last + 1):
                await shop.publish(*(compensate(order, version) for order in orders))
            await until(loop.has(2 * last))
            await left(pool)
    for order in orders:
        assert [each for each in handled(loop) if f"-{order}@" in each] == [
            f"order-{order}@{version}" for version in range(1, last + 1)
        ]
    assert sum([await shop.depth(f"inventory.in.{number}") for number in range(3)]) == 0


async def heads(pool: Pool) -> list[int]:
    async with pool.connection() as db:
        rows = await db.execute("select min(id) from parked group by key")
        return [number for (number,) in await rows.fetchall()]


async def test_a_message_waits_for_the_last_row_of_its_key_and_then_finds_it_free(
    pool: Pool,
) -> None:
    await parked_here(pool, created("7"))
    async with locked(pool, "7") as connection:
        arriving = asyncio.ensure_future(park_behind(pool, received(compensate("7"))))
        await waiting_for_the_lock(pool)
        await connection.execute("delete from parked")
    assert await arriving is False
    assert await parked(pool) == []


async def test_a_message_that_stands_behind_the_last_row_is_the_next(pool: Pool) -> None:
    await parked_here(pool, created("7"))
    await ask(pool, 1)
    (row,) = await parked_rows.claim(pool, "a", 1)
    async with locked(pool, "7") as connection:
        removing = asyncio.ensure_future(parked_rows.remove(pool, row, "a"))
        await waiting_for_the_lock(pool)
        await connection.execute(
            "insert into parked (key, message_id, source, routing_key, headers, body, reason,"
            " attempts) values ('7', 'order-7@2', 'orders', '', '{}', '', 'behind parked', 0)"
        )
    assert [following.message_id for following in await removing] == ["order-7@2"]


async def waiting_for_the_lock(pool: Pool) -> None:
    async def reached() -> bool:
        async with pool.connection() as db:
            query = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            row = await (await db.execute(query)).fetchone()
            return bool(row and row[0])

    await until(reached)


async def test_a_key_stops_at_its_first_row_that_fails_again(pool: Pool) -> None:
    loop = Loop(
        lambda unit: ValueError("again") if unit.cause.causation_id == "order-7@2" else None
    )
    await parked_here(pool, created("7"), compensate("7"), compensate("7", 3))
    await parked_here(pool, created("8"), compensate("8"))
    async with redriving(pool, loop):
        await ask(pool, 1, 4)
        await left(pool, "not recorded", "behind parked")
    assert await parked(pool) == [
        ("7", "order-7@2", "not recorded", 4),
        ("7", "order-7@3", "behind parked", 0),
    ]
    assert sorted(handled(loop)) == ["order-7@1", "order-8@1", "order-8@2"]


async def test_a_key_is_fed_whole_though_several_of_its_rows_have_a_reason_of_their_own(
    pool: Pool,
) -> None:
    """As where the broker gave them up: its queue blocks no key."""
    loop = Loop(lambda unit: ValueError("again") if is_about("order-7@2", unit) else None)
    for version in (1, 2, 3):
        noted = created("7") if version == 1 else compensate("7", version)
        await park(pool, received(noted), Unfit("given up by the broker"), 1)
    async with redriving(pool, loop):
        async with pool.connection() as db:
            await parked_asks.ask_retry(db, ["7"])
        await left(pool, "not recorded", "given up by the broker")
        async with pool.connection() as db:
            rows = await parked_asks.listed(db)
        assert [row.retry_at for row in rows] == [None, None], "the key stops where one fails"
        loop.fail = lambda _: None
        async with pool.connection() as db:
            await parked_asks.ask_retry(db, ["7"])
        await left(pool)
    assert handled(loop) == [f"order-7@{version}" for version in (1, 2, 3)]


async def test_who_asks_no_more_stops_the_keys_that_were_not_begun(pool: Pool) -> None:
    for order in ("7", "8"):
        await parked_here(pool, created(order), compensate(order))
    async with pool.connection() as db:
        await parked_asks.ask_retry(db, ["7", "8"])
        assert [row.key for row in await parked_rows.claim(pool, "a", 1)] == ["7"]
        assert await parked_asks.withdraw(db, ["7", "8"]) == ["8"]
        asked = [row.id for row in await parked_asks.listed(db) if row.retry_at]
    assert asked == [1]


async def test_nothing_is_redriven_unasked(pool: Pool) -> None:
    loop = Loop()
    await parked_here(pool, created("7"), compensate("7"))
    await parked_here(pool, created("8"))
    async with redriving(pool, loop):
        await ask(pool, 3)
        await left(pool, "policy failed", "behind parked")
    assert handled(loop) == ["order-8@1"]


async def test_a_row_in_the_middle_waits_for_those_before_it(pool: Pool) -> None:
    await parked_here(pool, created("7"), compensate("7"))
    await ask(pool, 2)
    assert await parked_rows.claim(pool, "a", 9) == []


async def test_an_outage_holds_what_is_redriven(pool: Pool) -> None:
    loop = Loop(lambda unit: StoreUnavailable() if loop.tries[order_of(unit)] < 6 else None)
    await parked_here(pool, created("7"))
    async with redriving(pool, loop):
        await ask(pool, 1)
        await left(pool)
    assert loop.tries["7"] == 6


async def test_what_an_ended_instance_had_in_hand_is_anothers(pool: Pool) -> None:
    loop = Loop()
    await parked_here(pool, created("7"), compensate("7"))
    await ask(pool, 1)
    await end_with_one_in_hand(pool, "ended")
    async with redriving(pool, loop):
        await left(pool)
    assert handled(loop) == ["order-7@1", "order-7@2"]


async def test_a_running_instance_keeps_what_it_has_in_hand(pool: Pool) -> None:
    await parked_here(pool, created("7"))
    await ask(pool, 1)
    for instance in ("slow", "a"):
        await beat(pool, instance)
    assert len(await parked_rows.claim(pool, "slow", 9)) == 1
    assert await parked_rows.claim(pool, "a", 9) == []


async def test_where_no_heart_beats_nobody_takes_from_others_what_they_have_in_hand(
    pool: Pool,
) -> None:
    await parked_here(pool, created("7"))
    await ask(pool, 1)
    assert len(await parked_rows.claim(pool, "unseen", 9)) == 1
    assert await parked_rows.claim(pool, "unseen as well", 9) == []
    await beat(pool, "seen")
    assert len(await parked_rows.claim(pool, "seen", 9)) == 1


async def test_a_message_that_ends_every_process_is_left_alone(pool: Pool) -> None:
    loop = Loop()
    await parked_here(pool, created("7"))
    await ask(pool, 1)
    for number in range(3):
        await end_with_one_in_hand(pool, f"ended-{number}")
    async with redriving(pool, loop):
        await left(pool, "ended its process")
    assert loop.recorded == {}


async def test_a_forked_message_is_kept_beside_the_one_whose_id_it_has(pool: Pool) -> None:
    loop = Loop()
    original, other = created("7"), created("7")
    fork = received(other, encode(replace(other, event=replace(other.event, reference="fork"))))
    await parked_here(pool, original)
    assert await park_behind(pool, fork)
    assert await park_behind(pool, fork)
    assert await reasons(pool) == ["policy failed", "behind parked"]

    async with redriving(pool, loop):
        await ask(pool, 1)
        await left(pool, "forked history")
    assert handled(loop) == ["order-7@1"]


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Member:
    """Give inventory as a newer version of it is: it knows a second version of an event."""

    class Newer(OrderCreated, frozen=True):
        version: ClassVar[int] = 2

    Newer.__name__ = "OrderCreated"
    step = upcasters.Upcast(OrderCreated, lambda event: event)
    monkeypatch.setitem(upcasters.UPCASTERS, ("OrderCreated", 1), step)
    return Member("inventory", 3, Newer, per_order)


def per_order(event: Any, event_id: str) -> list[Command]:
    return list(inventory.react(event, event_id))


async def test_what_needs_newer_code_is_redriven_at_the_start_of_such_code(
    pool: Pool, newer: Member
) -> None:
    loop = Loop()
    document = encode(created("7")).replace(b"OrderCreated.v1", b"OrderCreated.v2")
    await park(pool, received(created("7"), document), Unfit("needs newer code"), 1)
    await parked_here(pool, created("8"))
    await parked_here(pool, created("9"))
    await ask(pool, 3)
    async with redriving(pool, loop):
        await left(pool, "needs newer code", "policy failed")
    async with redriving(pool, loop, newer):
        await left(pool, "policy failed")
    assert handled(loop) == ["order-9@1", "order-7@1"]


async def test_a_type_that_nobody_knew_is_redriven_at_the_start_of_code_that_does(
    pool: Pool,
) -> None:
    document = encode(created("7")).replace(b"OrderCreated", b"OrderFramed")
    await park(pool, received(created("7"), document), Unfit("unknown type"), 1)

    class OrderFramed(OrderCreated, frozen=True):
        """An event that this code does not have."""

    heard: list[str] = []

    def react(_: Any, event_id: str) -> list[Command]:
        heard.append(event_id)
        return []

    await parked_here(pool, created("9"))
    await ask(pool, 2)
    async with redriving(pool, Loop()):
        await left(pool, "unknown type")
    async with redriving(pool, Loop(), Member("inventory", 3, OrderFramed, react)):
        await left(pool)
    assert heard == ["order-7@1"]
