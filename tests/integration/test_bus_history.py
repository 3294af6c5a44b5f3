from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from aio_pika import Message

from ecommerce.bus import history
from ecommerce.bus.history import newest, read_history
from ecommerce.bus.message import write
from ecommerce.events.inventory import UnitsReceived
from ecommerce.store.envelope import encode
from readside import PATIENCE
from recording import recorded
from shop_bus import Bus

pytestmark = pytest.mark.servers

KEY = "stock.UnitsReceived.v1.p00"


def document(position: int) -> bytes:
    return encode(recorded(UnitsReceived("TEA", position), position))


async def publish(shop: Bus, positions: Sequence[int], *, user: str = "inventory") -> None:
    """Publish these positions, each saying that the one before it was published before."""
    async with shop.channel(user) as channel:
        target = await channel.get_exchange("inventory.events", ensure=False)
        messages: list[Message] = [write(document(n), n, n - 1) for n in positions]
        for message in messages:
            message.user_id = user
        await asyncio.gather(*(target.publish(message, KEY) for message in messages))


async def read(shop: Bus, after: int, until: int) -> list[int]:
    """Read the positions after one until another has come, and check each one's document."""
    found: list[int] = []
    pages = read_history(shop.url("catalog"), "inventory", after)
    async with asyncio.timeout(PATIENCE), aclosing(pages):
        async for page in pages:
            assert page
            assert all(body == document(position) for position, body in page)
            found += [position for position, _ in page]
            if found[-1] >= until:
                break
    return found


async def test_everything_is_read_in_order(shop: Bus) -> None:
    await publish(shop, range(1, 1201))
    assert await read(shop, after=0, until=1200) == [*range(1, 1201)]


@pytest.mark.parametrize("after", [1, 399, 1000, 1199])
async def test_reading_goes_on_after_any_position(
    shop: Bus, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(history, "PAGE", 10)
    for start in range(1, 1200, 200):
        await publish(shop, range(start, start + 200))
    assert await read(shop, after, until=1200) == [*range(after + 1, 1201)]


async def test_the_heads_of_several_are_found_at_once(shop: Bus) -> None:
    read = ["orders", "inventory", "payments", "notifications"]
    await publish(shop, [90], user="admin")
    assert await newest(shop.url("audit"), read) == dict.fromkeys(read, 0)
    await publish(shop, range(1, 31))
    found = await newest(shop.url("audit"), read)
    assert 0 < found.pop("inventory") <= 30
    assert found == {"orders": 0, "payments": 0, "notifications": 0}


async def test_a_broker_that_gives_no_answer_is_not_an_empty_history(
    shop: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Future()

    monkeypatch.setattr(history, "_PROBE", 0.05)
    monkeypatch.setattr("aiormq.channel.Channel.basic_consume", never)
    with pytest.raises(TimeoutError):
        await newest(shop.url("audit"), ["orders"])


async def test_what_comes_while_reading_is_read_too(shop: Bus) -> None:
    await publish(shop, [1, 2])
    pages = read_history(shop.url("catalog"), "inventory", 2)
    async with asyncio.timeout(PATIENCE), aclosing(pages):
        next_page = asyncio.ensure_future(anext(pages))
        await publish(shop, [3])
        assert [position for position, _ in await next_page] == [3]


async def test_what_is_published_again_is_left_out(shop: Bus) -> None:
    await publish(shop, [1, 2, 3, 2, 3, 4, 1, 5])
    assert await read(shop, after=0, until=5) == [1, 2, 3, 4, 5]
    assert await read(shop, after=3, until=5) == [4, 5]


async def test_reading_that_begins_at_what_a_former_leader_repeats_late_leaves_nothing_out(
    shop: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 1)
    for positions in ([1, 2, 3, 4], [1], [5], [6], [7], [8]):
        await publish(shop, positions)
    assert await read(shop, after=3, until=8) == [4, 5, 6, 7, 8]


async def test_nothing_is_read_past_a_gap_until_what_is_missing_has_come(shop: Bus) -> None:
    await publish(shop, [1, 2, 5, 6])
    assert await read(shop, after=0, until=2) == [1, 2]
    await publish(shop, [3, 4, 5, 6, 7])
    assert await read(shop, after=0, until=7) == [1, 2, 3, 4, 5, 6, 7]
    assert await read(shop, after=2, until=7) == [3, 4, 5, 6, 7]


async def test_an_empty_page_tells_of_a_gap(shop: Bus) -> None:
    await publish(shop, [1, 2])
    pages = read_history(shop.url("catalog"), "inventory", 0)
    async with asyncio.timeout(PATIENCE), aclosing(pages):
        assert [position for position, _ in await anext(pages)] == [1, 2]
        await publish(shop, [4])
        assert await anext(pages) == []
        await publish(shop, [3, 4])
        assert [position for position, _ in await anext(pages)] == [3, 4]


async def test_what_somebody_else_put_there_is_left_out(shop: Bus) -> None:
    await publish(shop, [1])
    await publish(shop, [2], user="admin")
    await publish(shop, [2, 3])
    assert await read(shop, after=0, until=3) == [1, 2, 3]


async def test_reading_goes_on_over_a_broken_connection(shop: Bus) -> None:
    await publish(shop, [1, 2])
    pages = read_history(shop.url("catalog"), "inventory", 0)
    async with asyncio.timeout(PATIENCE), aclosing(pages):
        assert [position for position, _ in await anext(pages)] == [1, 2]
        next_page = asyncio.ensure_future(anext(pages))
        await shop.break_connections("history of inventory")
        await publish(shop, [3])
        assert [position for position, _ in await next_page] == [3]
