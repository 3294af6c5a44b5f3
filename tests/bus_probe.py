"""One instance of a context as a process: `python bus_probe.py AMQP_URL DATABASE_URL INSTANCE`.

It is inventory to the broker, with its real consumer and command loop, but notes in the stream of
each order just which messages came, one after the other. It also says, ten times a second, how many
queues it consumes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import accounts
from ecommerce.bus.consumer import Consumer
from ecommerce.bus.member import Member
from ecommerce.events.orders import CompensateInventory
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool, pool

TABLE = "create table shares (instance text primary key, queues int, told_at timestamptz)"
SHARE = """
    insert into shares values (%s, %s, now())
    on conflict (instance) do update set queues = excluded.queues, told_at = now()
"""


def react(event: CompensateInventory, event_id: str) -> Iterator[accounts.Say]:
    yield accounts.Say(event.order_id, (accounts.Noted(event_id),))


async def tell_share(opened: Pool, consumer: Consumer, instance: str) -> None:
    while True:
        async with opened.connection() as db:
            share = len(consumer._intakes) if consumer.connected else 0
            await db.execute(SHARE, (instance, share))
        await asyncio.sleep(0.1)


async def main(amqp_url: str, database_url: str, instance: str) -> None:
    member = Member("inventory", 3, CompensateInventory, react)
    loop = CommandLoop("inventory", accounts, database_url)
    async with pool(database_url, size=3) as opened, asyncio.TaskGroup() as tasks:
        tasks.create_task(loop.run(asyncio.Event()))
        consumer = Consumer(member, amqp_url, opened, loop.submit, instance)
        tasks.create_task(consumer.run())
        tasks.create_task(tell_share(opened, consumer, instance))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
