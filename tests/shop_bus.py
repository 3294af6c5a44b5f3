"""A shop's own corner of a broker, and messages in it, for tests of the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel

from ecommerce.bus.management_api import ask
from ecommerce.bus.message import write
from ecommerce.bus.passwords import render
from ecommerce.bus.topology import Definitions, definitions, exchange
from ecommerce.contexts import CONTEXTS
from ecommerce.store.envelope import Recorded, aggregate_of, encode, routing_key, topic
from servers import Broker

MEMBERS = {name: context.member for name, context in CONTEXTS.items()}


class Bus(NamedTuple):
    """A vhost of a broker; each user's password is the user's name."""

    broker: Broker
    wanted: Definitions

    @property
    def vhost(self) -> str:
        return str(self.wanted["vhosts"][0]["name"])

    @property
    def management(self) -> str:
        return _login(self.broker.management, "admin:admin", "")

    def url(self, user: str) -> str:
        return _login(self.broker.amqp, f"{user}:{user}", f"/{self.vhost}")

    async def depth(self, queue: str) -> int:
        """Count what stands in a queue and is not delivered."""
        async with self.channel("admin") as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return declared.declaration_result.message_count or 0

    async def emptied(self) -> Bus:
        """Empty the queues, not the histories: that is much faster than another vhost."""
        async with self.channel("admin") as channel:
            for each in self.wanted["queues"]:
                if each["arguments"]["x-queue-type"] == "quorum":
                    found = await channel.declare_queue(each["name"], passive=True)
                    if found.declaration_result.message_count:
                        await found.purge()
        return self

    @asynccontextmanager
    async def channel(self, user: str) -> AsyncIterator[AbstractChannel]:
        connection = await aio_pika.connect(self.url(user))
        async with connection:
            yield await connection.channel(on_return_raises=True)

    async def break_connections(self, name: str) -> None:
        """Break the connections of this name, as soon as the broker lists one."""
        broken = False
        while not broken:
            for each in await ask(self.management, "GET", "connections"):
                called = each.get("client_properties", {}).get("connection_name")
                if called == name and each["vhost"] == self.vhost:
                    path = f"connections/{quote(each['name'])}"
                    await ask(self.management, "DELETE", path)
                    broken = True
            await asyncio.sleep(0.1)

    async def publish(self, *noted: Recorded[Any], again: int = 1) -> None:
        """Publish events as the relay of their context does."""
        for each in noted * again:
            async with self.channel(each.source) as channel:
                target = await channel.get_exchange(exchange(each.source), ensure=False)
                message = write(encode(each), each.position, each.position - 1)
                key = topic(aggregate_of(each.stream), type(each.event))
                await target.publish(message, routing_key(key, each.stream))


def _login(url: str, login: str, path: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{login}@{host}", path, "", ""))


@asynccontextmanager
async def bus(broker: Broker) -> AsyncIterator[Bus]:
    """Make a vhost with all that the shop needs, and drop it after."""
    wanted = definitions(MEMBERS.values(), vhost=f"bus-{uuid4().hex[:12]}")
    made = Bus(broker, render(wanted, {user["name"]: user["name"] for user in wanted["users"]}))
    url = _login(broker.management, "guest:guest", "")
    await ask(url, "POST", "definitions", made.wanted)
    try:
        yield made
    finally:
        await ask(url, "DELETE", f"vhosts/{quote(made.vhost)}")


@contextmanager
def lasting(broker: Broker) -> Iterator[Bus]:
    """Make one for several tests, each of which has a loop of its own."""
    with asyncio.Runner() as runner:
        made = bus(broker)
        yield runner.run(made.__aenter__())
        runner.run(made.__aexit__(None, None, None))
