from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aio_pika import Message
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused

from ecommerce.bus.management import apply, diff, fetch
from ecommerce.bus.topology import dead_letters, exchange, history, queue
from servers import Broker
from shop_bus import MEMBERS, Bus, bus

pytestmark = pytest.mark.servers

CONTEXTS = list(MEMBERS)


@pytest.fixture
async def shop(rabbitmq: Broker) -> AsyncIterator[Bus]:
    async with bus(rabbitmq) as made:
        yield made


async def test_apply_adds_what_is_missing_and_removes_what_is_not_wanted(shop: Bus) -> None:
    await apply(shop.management, shop.wanted)
    async with shop.channel("admin") as channel:
        stray = await channel.get_queue("orders.in.0", ensure=False)
        await stray.bind("orders.events", "order.OrderCreated.*.p00")
        await stray.unbind("payments.events", "payment.PaymentFailed.*.p00")
        await channel.queue_delete("orders.parked")
    assert diff(shop.wanted, await fetch(shop.management, shop.wanted)) == [
        "+ queue orders.parked",
        "+ binding orders.dlx -> orders.parked []",
        "+ binding payments.events -> orders.in.0 [payment.PaymentFailed.*.p00]",
        "- binding orders.events -> orders.in.0 [order.OrderCreated.*.p00]",
    ]
    assert await apply(shop.management, shop.wanted) == []


async def test_apply_leaves_a_queue_that_is_not_wanted_and_says_so(shop: Bus) -> None:
    await apply(shop.management, shop.wanted)
    async with shop.channel("admin") as channel:
        await channel.declare_queue("orders.in.3", durable=True)
    assert await apply(shop.management, shop.wanted) == ["- queue orders.in.3"]


async def test_apply_takes_a_right_back(shop: Bus) -> None:
    widened = [{**right, "write": ".*"} for right in shop.wanted["permissions"]]
    assert await apply(shop.management, {**shop.wanted, "permissions": widened}) == []
    assert await apply(shop.management, shop.wanted) == []


Attempt = Callable[[AbstractChannel], Awaitable[Any]]


async def refused(shop: Bus, user: str, *attempts: Attempt) -> None:
    for attempt in attempts:
        async with shop.channel(user) as channel:
            with pytest.raises(ChannelAccessRefused):
                await attempt(channel)


def publishing(name: str, key: str) -> Attempt:
    async def publish(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(name, ensure=False)
        await target.publish(Message(b"{}"), key)

    return publish


def consuming(name: str) -> Attempt:
    async def consume(channel: AbstractChannel) -> None:
        async def ignore(_: object) -> None: ...

        await channel.set_qos(1)
        await (await channel.get_queue(name, ensure=False)).consume(ignore)

    return consume


def binding(name: str, to: str) -> Attempt:
    async def bind(channel: AbstractChannel) -> None:
        await (await channel.get_queue(name, ensure=False)).bind(to, "#")

    return bind


@pytest.mark.parametrize("user", CONTEXTS)
async def test_no_context_can_speak_for_another_or_hear_what_is_another_s(
    shop: Bus, user: str
) -> None:
    own, other = MEMBERS[user], next(name for name in ("orders", "payments") if name != user)
    aggregate = {"orders": "order", "payments": "payment"}[other]
    unread = [name for name in CONTEXTS if name not in {*own.histories, "audit"}]
    await refused(
        shop,
        user,
        publishing(exchange(other), f"{aggregate}.Anything.v1.p00"),
        publishing(dead_letters(other), "x"),
        publishing("amq.topic", "x"),
        publishing("", queue(other, 0)),
        consuming(queue(other, 0)),
        *(consuming(history(name)) for name in unread),
        lambda channel: channel.declare_queue("mine"),
        lambda channel: channel.declare_queue(exclusive=True),
        lambda channel: channel.declare_exchange("mine"),
        binding(queue(other, 0), exchange(other)),
    )


@pytest.mark.parametrize(
    "key", ["order.OrderCreated.v1.p00", "stock.UnitsReserved.v1.p12", "stock.UnitsReserved.v1"]
)
async def test_no_context_can_publish_beside_its_own_topics_and_partitions(
    shop: Bus, key: str
) -> None:
    await refused(shop, "inventory", publishing("inventory.events", key))


async def test_no_context_can_put_another_s_name_to_a_message(shop: Bus) -> None:
    async with shop.channel("inventory") as channel:
        target = await channel.get_exchange("inventory.events", ensure=False)
        with pytest.raises(ChannelPreconditionFailed):
            await target.publish(Message(b"{}", user_id="orders"), "stock.UnitsReserved.v1.p00")
