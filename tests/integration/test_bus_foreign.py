"""A service that is not the shop's hears what it was allowed to hear, and nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aio_pika
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused

import loyalty
from ecommerce.bus.management import apply, diff, fetch
from ecommerce.bus.management_api import ask
from servers import Broker
from shop_bus import Bus, bus, lasting

pytestmark = pytest.mark.servers

CONFIRMED = "order.OrderConfirmed.*.*"


@pytest.fixture
async def shop(rabbitmq: Broker) -> AsyncIterator[Bus]:
    async with bus(rabbitmq) as made:
        await apply(made.management, made.wanted)
        await loyalty.admit(made.management, made.vhost)
        yield made


@pytest.fixture(scope="module")
def standing(rabbitmq: Broker) -> Iterator[Bus]:
    """One for all the tests that change nothing in it."""
    with lasting(rabbitmq) as made:
        asyncio.run(loyalty.admit(made.management, made.vhost))
        yield made


async def bind(shop: Bus, queue: str, source: str, key: str) -> None:
    async with shop.channel("admin") as channel:
        await (await channel.get_queue(queue, ensure=False)).bind(source, key)


async def test_the_topology_of_the_shop_leaves_it_alone(shop: Bus) -> None:
    await bind(shop, "loyalty.in", "orders.events", CONFIRMED)
    before = await ask(shop.management, "GET", "definitions")
    assert diff(shop.wanted, await fetch(shop.management, shop.wanted)) == []
    assert await apply(shop.management, shop.wanted) == []
    after = await ask(shop.management, "GET", "definitions")
    for kind in ("exchanges", "queues", "bindings", "permissions", "topic_permissions"):
        theirs = [item for item in before[kind] if item["vhost"] == shop.vhost]
        assert [item for item in after[kind] if item["vhost"] == shop.vhost] == theirs
        assert "loyalty" in str(theirs)


async def test_what_reaches_into_the_shop_is_told_and_removed(shop: Bus) -> None:
    await bind(shop, "orders.in.0", "loyalty.events", "#")
    rights = {"configure": "^$", "write": "^orders[.]events$", "read": "^$"}
    await ask(shop.management, "PUT", f"permissions/{shop.vhost}/loyalty", rights)
    assert diff(shop.wanted, await fetch(shop.management, shop.wanted)) == [
        "- permission of loyalty",
        "- binding loyalty.events -> orders.in.0 [#]",
    ]
    assert await apply(shop.management, shop.wanted) == []


Attempt = Callable[[AbstractChannel], Awaitable[Any]]


def binding(queue: str, source: str, key: str) -> Attempt:
    async def bind(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).bind(source, key)

    return bind


def publishing(exchange: str, key: str) -> Attempt:
    async def publish(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(Message(b"{}"), key, mandatory=False)

    return publish


def getting(queue: str) -> Attempt:
    async def get(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).get(fail=False)

    return get


def consuming(queue: str) -> Attempt:
    async def consume(channel: AbstractChannel) -> None:
        async def ignore(_: object) -> None: ...

        await (await channel.get_queue(queue, ensure=False)).consume(ignore)

    return consume


async def attempt(shop: Bus, what: Attempt) -> None:
    url = shop.url("loyalty").replace("loyalty:loyalty", f"loyalty:{loyalty.PASSWORD}")
    async with await aio_pika.connect(url) as connection:
        await what(await connection.channel())


@pytest.mark.parametrize(
    "allowed",
    [
        binding("loyalty.in", "orders.events", CONFIRMED),
        publishing("loyalty.events", "points.PointsEarned.v1.p00"),
        consuming("loyalty.in"),
    ],
)
async def test_it_may_do_what_it_is_there_for(standing: Bus, allowed: Attempt) -> None:
    await attempt(standing, allowed)


@pytest.mark.parametrize(
    "refused",
    [
        binding("loyalty.in", "orders.events", "order.OrderCreated.*.*"),
        binding("loyalty.in", "orders.events", "#"),
        binding("loyalty.in", "payments.events", CONFIRMED),
        binding("orders.in.0", "orders.events", CONFIRMED),
        publishing("orders.events", "order.OrderConfirmed.v1.p00"),
        publishing("loyalty.events", "order.OrderConfirmed.v1.p00"),
        publishing("", "orders.in.0"),
        getting("orders.in.0"),
        getting("orders.history"),
        getting("loyalty.parked"),
        lambda channel: channel.declare_queue("loyalty.more"),
        lambda channel: channel.queue_delete("loyalty.in"),
    ],
)
async def test_it_may_do_nothing_else(standing: Bus, refused: Attempt) -> None:
    with pytest.raises(ChannelAccessRefused):
        await attempt(standing, refused)
