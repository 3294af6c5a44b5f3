"""(c) The relay against the bare library: `.venv/bin/python -m benchmarks.relay`.

The relay of orders reads its log and publishes it to where it belongs: a history and the queues of
three contexts. The limit is a loop of aio-pika that has bodies, properties and keys at hand: it
neither reads nor decodes, sends 200 messages at once, and the next when all of them are confirmed.
Each turn begins with empty queues.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from typing import Final, TypeAlias

from aio_pika import Message
from aio_pika.abc import AbstractExchange
from msgspec.structs import replace

import servers
import writing
from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.rounds import Turn, clocked, costs, interleave, total
from ecommerce.api.ids import uuid7
from ecommerce.bus.message import write
from ecommerce.bus.relay import PAGE, Relay
from ecommerce.bus.topology import exchange
from ecommerce.events.orders import OrderCreated, OrderLine
from ecommerce.kernel import Money
from ecommerce.service.garbage import collect_seldom
from ecommerce.store.connection import Connection, Pool, pool
from ecommerce.store.envelope import Recorded, encode, routing_key, topic
from facts import order_created
from readside import append
from recording import recorded
from shop_bus import MEMBERS, Bus, bus

SKUS: Final = tuple(f"BENCH-{number:03}" for number in range(50))
PRICE: Final = Money(1999, "GBP")
SETTLE: Final = 1.0
"""Seconds in which the broker is done with what the turn before has left it to write."""

Sent: TypeAlias = tuple[Message, str]
"""A message and its routing key."""

_OURS, _BARE = "relay", "aio-pika"


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure the ratio, and what a confirmed message costs."""
    collect_seldom()  # as a service does
    count, rounds = (2_000, 3) if quick else (4_000, 7)
    orders = list(new_orders(count))
    with servers.postgres() as admin, servers.rabbitmq() as broker, writing.database(admin) as url:
        meters = {
            "client": this_process,
            "PostgreSQL": server(admin),
            "broker": server(broker.amqp),
        }
        async with bus(broker) as shop, pool(url, size=2) as opened, publisher(shop) as target:
            await append(opened, *orders)
            messages = [message(each) for each in orders]
            async with _relaying(shop, url) as wake:
                turns = await interleave(
                    rounds,
                    {
                        _OURS: lambda: _relay(shop, opened, wake, count, meters),
                        _BARE: lambda: _send(shop, target, messages, meters),
                    },
                    warm_up=1,
                )
    return _figures(turns[_OURS], turns[_BARE])


def new_orders(count: int) -> Iterator[Recorded[OrderCreated]]:
    """Record orders of one line, each the first event of its stream."""
    for position in range(1, count + 1):
        lines = (OrderLine(1, SKUS[position % len(SKUS)], 1, PRICE),)
        order = replace(order_created, order_id=str(uuid7()), lines=lines, charges=(), total=PRICE)
        yield recorded(order, position, version=1)


def message(order: Recorded[OrderCreated]) -> Sent:
    """Make the message that the relay makes."""
    key = routing_key(topic("order", OrderCreated), order.stream)
    return write(encode(order), order.position, order.position - 1), key


@asynccontextmanager
async def publisher(shop: Bus) -> AsyncIterator[AbstractExchange]:
    """Open a channel on which orders publishes."""
    async with shop.channel("orders") as channel:
        yield await channel.get_exchange(exchange("orders"), ensure=False)


async def publish(target: AbstractExchange, messages: Sequence[Sent]) -> None:
    """Publish in the fastest way there is with this library, each message confirmed."""
    for start in range(0, len(messages), PAGE):
        page = messages[start : start + PAGE]
        await asyncio.gather(*(target.publish(copy(each), key, timeout=15) for each, key in page))


async def empty_queues(shop: Bus) -> None:
    """Take all messages out of all queues that orders publishes to."""
    async with shop.channel("admin") as channel:
        for member in MEMBERS.values():
            for number in range(member.queues):
                queue = await channel.get_queue(f"{member.name}.in.{number}", ensure=False)
                await queue.purge()


@asynccontextmanager
async def _relaying(shop: Bus, url: str) -> AsyncIterator[asyncio.Event]:
    wake = asyncio.Event()
    run = asyncio.create_task(Relay("orders", shop.url("orders"), url, "bench-1", wake).run())
    try:
        yield wake
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def _relay(shop: Bus, db: Pool, wake: asyncio.Event, count: int, meters: Meters) -> Turn:
    """Have the whole log published once more, as after a restore of the broker."""
    async with db.connection() as watching:
        await _published(watching, count)
        await _settle(shop)
        await watching.execute("update relay set position = 0, previous = 0")
        wake.set()
        return await clocked(count, _published(watching, count), meters)


async def _settle(shop: Bus) -> None:
    await empty_queues(shop)
    await asyncio.sleep(SETTLE)


async def _published(db: Connection, count: int) -> None:
    asked = "select position from relay"
    while await (await db.execute(asked)).fetchone() != (count,):  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.02)


async def _send(
    shop: Bus, target: AbstractExchange, messages: Sequence[Sent], meters: Meters
) -> Turn:
    await _settle(shop)
    return await clocked(len(messages), publish(target, messages), meters)


def _figures(ours: list[Turn], bare: list[Turn]) -> list[Figure]:
    ratios = [mine.rate / theirs.rate for mine, theirs in zip(ours, bare, strict=True)]
    dearer = [total(mine) / total(theirs) for mine, theirs in zip(ours, bare, strict=True)]
    return [
        figure("c", "relay, against bare aio-pika", ratios, "x", must=0.7, aim=0.9),
        figure("c", "CPU of an event, against bare", dearer, "x", ceiling=True),
        figure("c", "relayed events", [turn.rate for turn in ours], "/s", cpu=costs(ours)),
        figure("c", "bare aio-pika", [turn.rate for turn in bare], "/s", cpu=costs(bare)),
    ]


if __name__ == "__main__":
    alone(measure)
