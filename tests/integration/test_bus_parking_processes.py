"""Parked messages where processes end: killed at named points, and by what they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from consuming import compensate, created
from ecommerce.bus import given_up, parked_asks
from ecommerce.bus.management_api import ask
from ecommerce.bus.message import write
from ecommerce.store.connection import arguments
from ecommerce.store.envelope import encode, routing_key
from sandboxes import PaymentProvider
from servers import Broker
from serving import Services, services
from writing import until

pytestmark = pytest.mark.servers


@pytest.fixture
def shop(postgres: str, rabbitmq: Broker, tmp_path: Path) -> Iterator[Services]:
    nobody = PaymentProvider(tmp_path / "provider.sqlite")  # inventory charges nothing
    with services(postgres, rabbitmq, nobody, ["inventory"]) as made:
        yield made


@pytest.fixture
async def db(shop: Services) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    url = shop.databases["inventory"]
    async with await psycopg.AsyncConnection.connect(url, **arguments()) as connection:
        yield connection


async def from_the_future(shop: Services, order_id: str) -> None:
    document = encode(created(order_id)).replace(b"OrderCreated.v1", b"OrderCreated.v2")
    async with shop.bus.channel("orders") as channel:
        target = await channel.get_exchange("orders.events", ensure=False)
        key = routing_key("order.OrderCreated.v2", f"order-{order_id}")
        await target.publish(write(document, 1, 0), key)


async def launch_to_die(shop: Services, fault: str) -> None:
    """Start inventory, which dies at the point that is named."""
    process = shop._launch("inventory", f"{fault}:kill")
    shop.processes["inventory"] = process

    async def dead() -> bool:
        return process.poll() is not None

    await until(dead)
    # Others would wait for its heartbeat to grow old, which is told elsewhere.
    await shop.rows("inventory", "delete from instances")


async def test_a_process_killed_between_parking_and_acknowledging_leaves_one_row(
    shop: Services, db: psycopg.AsyncConnection[tuple[object, ...]]
) -> None:
    await from_the_future(shop, "7")
    await launch_to_die(shop, "consumer.parked")
    await shop.start("inventory")
    await shop.bus.publish(compensate("7"), created("8"))

    async def parked() -> bool:
        found = [(row.message_id, row.reason) for row in await parked_asks.listed(db)]
        return found == [("order-7@1", "needs newer code"), ("order-7@2", "behind parked")]

    await until(parked)
    await until(lambda: shop.has("inventory", "StockReservationFailed", ["8"]))


async def test_a_process_killed_between_a_redriven_effect_and_its_row_has_it_once(
    shop: Services, db: psycopg.AsyncConnection[tuple[object, ...]]
) -> None:
    """The row is fed again by the next process, under the message's own key."""
    await from_the_future(shop, "7")
    await shop.start("inventory")

    async def parked() -> bool:
        return bool(await parked_asks.listed(db))

    await until(parked)
    await shop.bus.publish(compensate("7"))
    shop.kill("inventory")
    # The other message may have been parked behind it by now: that one stays as it is.
    await db.execute(
        "update parked set reason = 'policy failed', body = %s where id = 1",
        (encode(created("7")),),
    )
    await parked_asks.ask_retry(db, ["7"])
    await launch_to_die(shop, "redrive.recorded")
    assert await shop.has("inventory", "StockReservationFailed", ["7"])
    assert await parked_asks.is_there(db, 1)
    await shop.start("inventory")

    async def free() -> bool:
        return not await parked_asks.listed(db)

    await until(free)
    await until(lambda: shop.has("inventory", "StockCompensated", ["7"]))
    assert await shop.types("inventory", "7") == ["StockReservationFailed", "StockCompensated"]


async def test_a_message_that_ends_its_process_goes_to_the_parked_queue_and_others_are_handled(
    shop: Services, db: psycopg.AsyncConnection[tuple[object, ...]]
) -> None:
    """The broker's own limit is 50; here it gives up sooner."""
    await limit_deliveries(shop, 2)
    await shop.bus.publish(created("7"))

    async def given_up_by_the_broker() -> bool:
        return await shop.bus.depth("inventory.parked") == 1

    for _ in range(3):
        await launch_to_die(shop, "loop.decided")
    await until(given_up_by_the_broker)
    await shop.start("inventory")
    await shop.bus.publish(created("8"))
    await until(lambda: shop.has("inventory", "StockReservationFailed", ["8"]))
    assert not await shop.has("inventory", "StockReservationFailed", ["7"])
    async with shop.bus.channel("admin") as channel:
        (found,) = await given_up.look(channel, "inventory")
    assert (found.reason, found.key) == ("given up by the broker", "7")
    async with shop.bus.channel("admin") as channel:
        assert await given_up.into_rows(channel, "inventory", [found.id], db)
    await parked_asks.ask_retry(db, ["7"])
    await until(lambda: shop.has("inventory", "StockReservationFailed", ["7"]))
    assert await shop.bus.depth("inventory.parked") == 0


async def limit_deliveries(shop: Services, limit: int) -> None:
    policy = {
        "pattern": "^inventory[.]in[.]",
        "definition": {"delivery-limit": limit},
        "apply-to": "queues",
    }
    path = f"policies/{quote(shop.bus.vhost, safe='')}/limit"
    await ask(shop.bus.management, "PUT", path, policy)
