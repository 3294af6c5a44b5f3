from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from aio_pika import Message
from msgspec.structs import replace

from consuming import Loop, compensate, consuming, created, order_of, parked, parks
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.message import write
from ecommerce.events.orders import OrderCreated
from ecommerce.policies import notifications
from ecommerce.store.connection import Pool
from ecommerce.store.envelope import encode, routing_key
from ecommerce.store.unit import KeyReused, LoopFull, StoreUnavailable
from facts import order_created
from readside import connected
from recording import recorded
from servers import Broker
from shop_bus import MEMBERS, Bus, lasting
from writing import until

pytestmark = pytest.mark.servers

UNREADABLE = [
    Message(b"?", user_id="admin"),
    Message(encode(recorded(order_created, 1)).replace(b"order-7", b"\xff"), user_id="admin"),
    Message(b'{"data":' + b"[" * 100_000, user_id="admin"),
]


@pytest.fixture(scope="module")
def standing(rabbitmq: Broker) -> Iterator[Bus]:
    with lasting(rabbitmq) as made:
        yield made


@pytest.fixture
async def shop(standing: Bus) -> Bus:
    return await standing.emptied()


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(url) as opened:
        yield opened


async def left(shop: Bus, context: str = "inventory") -> int:
    """Count what is left in a context's queues when nobody consumes them."""
    return sum([await shop.depth(f"{context}.in.{number}") for number in range(3)])


async def test_a_message_is_recorded_once_with_its_cause(shop: Bus, pool: Pool) -> None:
    loop = Loop()
    await shop.publish(created("7"), again=3)

    async def thrice() -> bool:
        return loop.tries["7"] == 3

    async with consuming(shop, pool, loop):
        await until(thrice)
    assert await left(shop) == 0
    (unit,) = loop.recorded.values()
    assert unit.key == "msg:orders:order-7@1"
    assert (unit.cause.correlation_id, unit.cause.causation_id) == ("7", "order-7@1")
    assert unit.cause.actor == "inventory"


async def test_keys_run_side_by_side_and_none_overtakes_itself(shop: Bus, pool: Pool) -> None:
    loop = Loop()
    loop.go.clear()
    orders = [str(number) for number in range(20)]
    steps = [[created(o) for o in orders]] + [[compensate(o, v) for o in orders] for v in (2, 3)]
    await shop.publish(*(each for step in steps for each in step))
    async with consuming(shop, pool, loop):

        async def all_at_once() -> bool:
            return loop.at_once == 20

        await until(all_at_once)
        loop.go.set()
        await until(loop.has(60))
    assert await left(shop) == 0
    order: dict[str, list[str]] = defaultdict(list)
    for unit in loop.recorded.values():
        order[order_of(unit)].append(unit.cause.causation_id)
    assert order == {o: [f"order-{o}@{version}" for version in (1, 2, 3)] for o in orders}


async def test_what_fails_is_parked_with_its_key_and_others_go_on(shop: Bus, pool: Pool) -> None:
    loop = Loop(lambda unit: ValueError("no") if order_of(unit) == "7" else None)
    async with consuming(shop, pool, loop):
        await shop.publish(created("7"), created("8"), compensate("7"), compensate("8"))
        await parks(pool, 2)
        await until(loop.has(2))
    assert await left(shop) == 0
    assert await parked(pool) == [
        ("7", "order-7@1", "not recorded", 4),
        ("7", "order-7@2", "behind parked", 0),
    ]
    assert {order_of(unit) for unit in loop.recorded.values()} == {"8"}


async def test_a_key_stays_blocked_for_the_next_consumer(shop: Bus, pool: Pool) -> None:
    loop = Loop(lambda _: KeyReused("another message had this id"))
    await shop.publish(created("7"))
    async with consuming(shop, pool, loop):
        await parks(pool, 1)
    healthy = Loop()
    await shop.publish(compensate("7"), created("8"))
    async with consuming(shop, pool, healthy):
        await parks(pool, 2)
        await until(healthy.has(1))
    assert [row[2] for row in await parked(pool)] == ["forked history", "behind parked"]


async def test_a_version_from_the_future_is_parked(shop: Bus, pool: Pool) -> None:
    loop = Loop()
    document = encode(created("7")).replace(b"OrderCreated.v1", b"OrderCreated.v2")
    async with shop.channel("orders") as channel:
        target = await channel.get_exchange("orders.events", ensure=False)
        await target.publish(write(document, 1, 0), routing_key("order.OrderCreated.v2", "order-7"))
    async with consuming(shop, pool, loop):
        await parks(pool, 1)
    assert [row[2] for row in await parked(pool)] == ["needs newer code"]


@pytest.mark.parametrize("outage", [StoreUnavailable("down"), LoopFull("busy")])
async def test_an_outage_holds_messages(shop: Bus, pool: Pool, outage: Exception) -> None:
    loop = Loop(lambda unit: outage if loop.tries[order_of(unit)] <= 5 else None)
    await shop.publish(created("7"))
    async with consuming(shop, pool, loop):
        await until(loop.has(1))
    assert await left(shop) == 0
    assert await parked(pool) == []


async def test_what_cannot_be_read_goes_to_the_parked_queue_at_once(shop: Bus, pool: Pool) -> None:
    loop = Loop()
    key = routing_key("order.OrderCreated.v1", "order-7")
    forged = write(encode(created("7")), 1, 0)
    forged.user_id = "admin"
    unsigned = write(encode(created("7")), 1, 0)
    unsigned.user_id = None
    async with shop.channel("admin") as channel:
        target = await channel.get_exchange("orders.events", ensure=False)
        for message in (forged, unsigned, *UNREADABLE):
            await target.publish(message, key)

    async def there() -> bool:
        return await shop.depth("inventory.parked") == 2 + len(UNREADABLE)

    async with consuming(shop, pool, loop):
        await shop.publish(created("7"))
        await until(loop.has(1))
        await until(there)
    assert await parked(pool) == []


@pytest.mark.parametrize(
    ("true", "forged"),
    [
        (b'"source":"orders"', b'"source":"payments"'),
        (b'"subject":"order-7"', b'"subject":"payment-7"'),
        (b'"subject":"order-7"', b'"subject":"order-8"'),
        (b'"id":"order-7@1"', b'"id":"order-8@1"'),
    ],
)
async def test_a_forged_source_subject_or_id_goes_to_the_parked_queue(
    shop: Bus, pool: Pool, true: bytes, forged: bytes
) -> None:
    document = encode(created("7"))
    assert true in document
    async with shop.channel("orders") as channel:
        target = await channel.get_exchange("orders.events", ensure=False)
        message = Message(
            document.replace(true, forged),
            message_id="order-7@1",
            user_id="orders",
            headers={"position": 1, "previous": 0},
        )
        await target.publish(message, routing_key("order.OrderCreated.v1", "order-7"))

    async def there() -> bool:
        return await shop.depth("inventory.parked") == 1

    loop = Loop()
    async with consuming(shop, pool, loop):
        await until(there)
    assert (await parked(pool), loop.recorded) == ([], {})


async def test_instances_share_the_queues_and_one_takes_over_from_another(
    shop: Bus, pool: Pool
) -> None:
    first, second = Loop(), Loop()
    orders = [str(number) for number in range(30)]

    def both_have(count: int) -> Callable[[], Any]:
        async def reached() -> bool:
            return len(first.recorded) + len(second.recorded) >= count

        return reached

    async with consuming(shop, pool, first, "a") as one:

        async def alone() -> bool:
            return one.connected and len(one._intakes) == 3

        await until(alone)
        async with consuming(shop, pool, second, "b") as other:

            async def shared() -> bool:
                halves = (len(one._intakes), len(other._intakes))
                return one.connected and other.connected and halves == (2, 1)

            await until(shared)
            await shop.publish(*map(created, orders))
            await until(both_have(30))
        await until(alone)
        await shop.publish(*map(compensate, orders))
        await until(both_have(60))
    assert await left(shop) == 0
    assert 0 < len(second.recorded) < 30
    assert not first.recorded.keys() & second.recorded.keys()


async def test_draining_finishes_what_runs_and_leaves_the_rest(shop: Bus, pool: Pool) -> None:
    loop, rest = Loop(), Loop()
    loop.go.clear()
    await shop.publish(created("7"), compensate("7"))
    async with consuming(shop, pool, loop) as consumer:

        async def begun() -> bool:
            return loop.running["7"] == 1

        await until(begun)
        intakes = list(consumer._intakes.values())
        draining = asyncio.ensure_future(consumer.drain())

        async def closing() -> bool:
            return all(intake._closing.is_set() for intake in intakes)

        await until(closing)
        loop.go.set()
        await draining
        assert not consumer.connected
    assert [*loop.recorded] == ["msg:orders:order-7@1"]
    async with consuming(shop, pool, rest):
        await until(rest.has(1))
    assert [*rest.recorded] == ["msg:orders:order-7@2"]


async def test_a_broken_connection_is_built_anew(shop: Bus, pool: Pool) -> None:
    loop = Loop()
    async with consuming(shop, pool, loop, "broken"):
        await shop.break_connections("inventory consumer broken")
        await shop.publish(created("7"))
        await until(loop.has(1))


async def test_nothing_to_do_is_just_acknowledged(shop: Bus, pool: Pool) -> None:
    silent = replace(order_created, customer=replace(order_created.customer, email=None))
    heard: list[str] = []

    def react(event: OrderCreated, event_id: str) -> list[Any]:
        heard.append(event_id)
        return list(notifications.react(event, event_id))

    async def reacted() -> bool:
        return bool(heard)

    loop, member = Loop(), replace(MEMBERS["notifications"], react=react)
    consumer = Consumer(member, shop.url("notifications"), pool, loop.submit, "a")
    run = asyncio.ensure_future(consumer.run())
    await shop.publish(recorded(silent, 1))
    await until(reacted)
    await consumer.drain()
    await run
    assert (heard, loop.recorded) == (["order-7@1"], {})
    assert (await left(shop, "notifications"), await parked(pool)) == (0, [])
