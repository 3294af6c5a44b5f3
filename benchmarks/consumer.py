"""(d) The consumer against the bare library: `.venv/bin/python -m benchmarks.consumer`.

Inventory's consumer takes new orders from its queues and has its command loop reserve their units:
a message counts once that is committed. The limit is a consumer of aio-pika on the same queues with
the same prefetch that does nothing but acknowledge, each message or 50 at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

import servers
import writing
from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.relay import SKUS, empty_queues, message, new_orders, publish, publisher
from benchmarks.rounds import Turn, clocked, costs, interleave, total
from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import ReceiveStock
from ecommerce.bus.connection import connected
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.intake import PREFETCH
from ecommerce.service.garbage import collect_seldom
from ecommerce.store.connection import Pool, pool
from ecommerce.store.discards import Discarding
from ecommerce.store.unit import Answer, Submit, Unit
from shop_bus import MEMBERS, Bus, bus

PLENTY: Final = 100_000
TOGETHER: Final = 50
"""How many messages are acknowledged at once, where that is done."""

_OURS, _EACH, _TOGETHER = "consumer", "aio-pika", "aio-pika, acknowledging 50 at once"


class Counted:
    """So many messages, of which the first has come, or all are done."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.first = asyncio.Event()
        self.all = asyncio.Event()

    def come(self) -> None:
        """Note that a message has come."""
        self.first.set()

    def do(self) -> None:
        """Note that a message is done."""
        self.left -= 1
        if not self.left:
            self.all.set()


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure the ratio, and what a message costs."""
    collect_seldom()  # as a service does
    count, rounds = (1_000, 3) if quick else (5_000, 7)
    with servers.postgres() as admin, servers.rabbitmq() as broker, writing.database(admin) as url:
        meters = {
            "client": this_process,
            "PostgreSQL": server(admin),
            "broker": server(broker.amqp),
        }
        async with (
            bus(broker) as shop,
            pool(url, size=4) as opened,
            writing.looping(url, Discarding(inventory), pool=opened) as loop,
            publisher(shop) as target,
        ):
            await _stock_up(loop.submit)

            async def turn(work: Callable[[Counted], Awaitable[Turn]]) -> Turn:
                await _fill(shop, target, count)
                return await work(Counted(count))

            works = {
                _OURS: lambda: turn(lambda n: _consume(shop, opened, loop.submit, n, meters)),
                _EACH: lambda: turn(lambda n: _acknowledge(shop, n, 1, meters)),
                _TOGETHER: lambda: turn(lambda n: _acknowledge(shop, n, TOGETHER, meters)),
            }
            turns = await interleave(rounds, works, warm_up=1)
    return _figures(turns[_OURS], turns[_EACH], turns[_TOGETHER])


async def _stock_up(submit: Submit) -> None:
    for sku in SKUS:
        await submit(writing.unit(ReceiveStock(sku, PLENTY)))


async def _fill(shop: Bus, target: AbstractExchange, count: int) -> None:
    await empty_queues(shop)
    await publish(target, [message(order) for order in new_orders(count)])


async def _consume(
    shop: Bus, opened: Pool, submit: Submit, counted: Counted, meters: Meters
) -> Turn:
    async def count(unit: Unit) -> Answer:
        counted.come()
        answer = await submit(unit)
        counted.do()
        return answer

    consumer = Consumer(MEMBERS["inventory"], shop.url("inventory"), opened, count, "bench")
    run = asyncio.create_task(consumer.run())
    turn = await _clocked(counted, meters)
    await consumer.drain()
    await run
    return turn


async def _acknowledge(shop: Bus, counted: Counted, together: int, meters: Meters) -> Turn:
    async with _consuming(shop, counted, together):
        return await _clocked(counted, meters)


@asynccontextmanager
async def _consuming(shop: Bus, counted: Counted, together: int) -> AsyncIterator[None]:
    async def receive(message: AbstractIncomingMessage) -> None:
        counted.come()
        if (message.delivery_tag or 0) % together == 0:
            await message.ack(multiple=together > 1)
        counted.do()

    member = MEMBERS["inventory"]
    async with connected(shop.url(member.name), "bench") as connection:
        for number in range(member.queues):
            channel = await connection.channel()
            await channel.set_qos(PREFETCH)
            queue = await channel.get_queue(f"{member.name}.in.{number}", ensure=False)
            await queue.consume(receive)
        yield


async def _clocked(counted: Counted, meters: Meters) -> Turn:
    count = counted.left
    await counted.first.wait()
    return await clocked(count, counted.all.wait(), meters)


def _figures(ours: list[Turn], each: list[Turn], together: list[Turn]) -> list[Figure]:
    ratios = [mine.rate / theirs.rate for mine, theirs in zip(ours, each, strict=True)]
    dearer = [total(mine) / total(theirs) for mine, theirs in zip(ours, each, strict=True)]
    return [
        figure("d", "consumer, against bare acknowledging", ratios, "x", must=0.4, aim=0.6),
        figure("d", "CPU of a message, against bare", dearer, "x", ceiling=True),
        figure("d", "messages to committed effects", _rates(ours), "/s", cpu=costs(ours)),
        figure("d", "bare aio-pika", _rates(each), "/s", cpu=costs(each)),
        figure("d", f"the same, {TOGETHER} at once", _rates(together), "/s", cpu=costs(together)),
    ]


def _rates(turns: list[Turn]) -> list[float]:
    return [turn.rate for turn in turns]


if __name__ == "__main__":
    alone(measure)
