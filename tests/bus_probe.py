"""One instance of a context as a process: `python bus_probe.py AMQP_URL DATABASE_URL INSTANCE`.

It is inventory to the broker, with its real consumer and command loop, but notes in the stream of
each order just which messages came, one after the other.
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
from ecommerce.store.connection import pool


def react(event: CompensateInventory, event_id: str) -> Iterator[accounts.Say]:
    yield accounts.Say(event.order_id, (accounts.Noted(event_id),))


async def main(amqp_url: str, database_url: str, instance: str) -> None:
    member = Member("inventory", 3, CompensateInventory, react)
    loop = CommandLoop("inventory", accounts, database_url)
    async with pool(database_url, size=3) as opened, asyncio.TaskGroup() as tasks:
        tasks.create_task(loop.run(asyncio.Event()))
        tasks.create_task(Consumer(member, amqp_url, opened, loop.submit, instance).run())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
