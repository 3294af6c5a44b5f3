"""Inventory's relay, and how far it has published the log, for tests of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from aio_pika.abc import AbstractIncomingMessage

from ecommerce.bus.relay import Relay
from ecommerce.events.inventory import UnitsReceived
from ecommerce.store.connection import Pool
from shop_bus import Bus
from writing import PATIENCE, until

Messages: TypeAlias = Sequence[AbstractIncomingMessage]


def relay(shop: Bus, url: str, instance: str = "inventory-1") -> Relay:
    """Make one that nobody wakes: it finds by looking what there is to publish."""
    return Relay("inventory", shop.url("inventory"), url, instance, asyncio.Event())


def receipts(count: int) -> list[UnitsReceived]:
    """Make so many events, each different."""
    return [UnitsReceived("TEA", number) for number in range(1, count + 1)]


async def reached(pool: Pool) -> tuple[int, int]:
    """Read which position is published, and which was the one before it that is public."""
    async with pool.connection() as db:
        row = await (await db.execute("select position, previous from relay")).fetchone()
    assert row
    return row[0], row[1]


async def reaches(
    pool: Pool, position: int, previous: int | None = None, seconds: float = PATIENCE
) -> None:
    """Wait until the log is published to this position, which is public if not told otherwise."""
    wanted = (position, position if previous is None else previous)

    async def there() -> bool:
        return await reached(pool) == wanted

    await until(there, seconds)


async def history(
    shop: Bus, enough: Callable[[Messages], bool], seconds: float = PATIENCE
) -> list[AbstractIncomingMessage]:
    """Read the history from its beginning, until that is enough."""
    found: list[AbstractIncomingMessage] = []

    async def note(message: AbstractIncomingMessage) -> None:
        found.append(message)

    async def is_enough() -> bool:
        return enough(found)

    async with shop.channel("catalog") as channel:
        await channel.set_qos(10_000)
        queue = await channel.get_queue("inventory.history", ensure=False)
        await queue.consume(note, arguments={"x-stream-offset": "first"})
        await until(is_enough, seconds)
    return found


async def published(shop: Bus, count: int) -> list[AbstractIncomingMessage]:
    """Wait until so many messages stand in the history, and read them all."""
    return await history(shop, lambda found: len(found) >= count)


def links(found: Messages) -> list[tuple[int, int]]:
    """List messages by `previous` and `position`."""
    return [(_number(each, "previous"), _number(each, "position")) for each in found]


def _number(message: AbstractIncomingMessage, header: str) -> int:
    value = message.headers[header]
    assert isinstance(value, int)
    return value
