from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aio_pika
import msgspec
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused, InvalidFrameError
from click.testing import CliRunner

from ecommerce.bus.management import apply, diff, fetch
from ecommerce.bus.management_api import ManagementError, ask
from ecommerce.bus.topology import dead_letters, exchange, history, queue
from ecommerce.cli.topology import topology
from servers import Broker
from shop_bus import MEMBERS, Bus, lasting

pytestmark = pytest.mark.servers

CONTEXTS = list(MEMBERS)
LEDGER = {"name": "ledger", "durable": True, "auto_delete": False, "arguments": {}}


@pytest.fixture(scope="module")
def standing(rabbitmq: Broker) -> Iterator[Bus]:
    """One for all the tests that change nothing in it."""
    with lasting(rabbitmq) as made:
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


async def test_an_import_as_at_boot_removes_nothing_that_apply_would(shop: Bus) -> None:
    await apply(shop.management, shop.wanted)
    stale = "- binding orders.events -> orders.in.0 [order.OrderCreated.*.p00]"
    async with shop.channel("admin") as channel:
        stray = await channel.get_queue("orders.in.0", ensure=False)
        await stray.bind("orders.events", "order.OrderCreated.*.p00")
    await ask(shop.management, "POST", "definitions", shop.wanted)
    assert diff(shop.wanted, await fetch(shop.management, shop.wanted)) == [stale]
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


def test_the_command_line_tells_a_difference_and_removes_it(standing: Bus, tmp_path: Path) -> None:
    file = tmp_path / "definitions.json"
    file.write_bytes(msgspec.json.encode(standing.wanted))
    told = ["--file", str(file), "--url", standing.management]
    run = CliRunner().invoke
    assert run(topology, ["apply", *told]).exit_code == 0
    assert run(topology, ["diff", *told]).output == "the broker is as the file says\n"
    wanted = {**standing.wanted, "queues": [*standing.wanted["queues"], LEDGER]}
    file.write_bytes(msgspec.json.encode(wanted))
    differs = run(topology, ["diff", *told])
    assert (differs.exit_code, differs.output) == (1, "+ queue ledger\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--file", "nowhere.json"], "nowhere.json cannot be read: No such file or directory."),
        (["--url", "ftp://x"], "The management API's URL must be as http://admin:PASSWORD"),
        (["--url", "http://admin@127.0.0.1:9"], "The broker does not answer at http://127.0.0.1:9"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(topology, ["diff", "--url", "http://x", *arguments])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {told}")
    assert result.output.count("\n") == 1


Attempt = Callable[[AbstractChannel], Awaitable[Any]]


async def refused(standing: Bus, user: str, *attempts: Attempt) -> None:
    for attempt in attempts:
        async with standing.channel(user) as channel:
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


def purging(name: str) -> Attempt:
    async def purge(channel: AbstractChannel) -> None:
        await (await channel.get_queue(name, ensure=False)).purge()

    return purge


def getting(name: str) -> Attempt:
    async def get(channel: AbstractChannel) -> None:
        await (await channel.get_queue(name, ensure=False)).get(fail=False)

    return get


@pytest.mark.parametrize("user", CONTEXTS)
async def test_no_context_can_speak_for_another_or_hear_what_is_another_s(
    standing: Bus, user: str
) -> None:
    own, other = MEMBERS[user], next(name for name in ("orders", "payments") if name != user)
    aggregate = {"orders": "order", "payments": "payment"}[other]
    unread = [name for name in CONTEXTS if name not in {*own.histories, "audit"}]
    await refused(
        standing,
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
        purging(queue(other, 0)),
        getting(queue(other, 0)),
        lambda channel: channel.queue_delete(queue(other, 0)),
        lambda channel: channel.exchange_delete(exchange(other)),
    )


@pytest.mark.parametrize("user", [name for name, member in MEMBERS.items() if member.queues])
async def test_no_context_can_change_what_is_its_own(standing: Bus, user: str) -> None:
    await refused(
        standing,
        user,
        lambda channel: channel.queue_delete(queue(user, 0)),
        lambda channel: channel.queue_delete(history(user)),
        lambda channel: channel.exchange_delete(exchange(user)),
        lambda channel: channel.declare_queue(queue(user, 3), durable=True),
        binding(queue(user, 0), exchange(user)),
        getting(dead_letters(user).replace("dlx", "parked")),
        publishing(dead_letters(user), "x"),
    )


@pytest.mark.parametrize(
    "key", ["order.OrderCreated.v1.p00", "stock.UnitsReserved.v1.p12", "stock.UnitsReserved.v1"]
)
async def test_no_context_can_publish_beside_its_own_topics_and_partitions(
    standing: Bus, key: str
) -> None:
    await refused(standing, "inventory", publishing("inventory.events", key))


async def test_no_context_can_put_another_s_name_to_a_message(standing: Bus) -> None:
    async with standing.channel("inventory") as channel:
        target = await channel.get_exchange("inventory.events", ensure=False)
        with pytest.raises(ChannelPreconditionFailed):
            await target.publish(Message(b"{}", user_id="orders"), "stock.UnitsReserved.v1.p00")


@pytest.mark.parametrize("header", ["CC", "BCC"])
async def test_a_copy_under_another_s_topic_reaches_nobody(shop: Bus, header: str) -> None:
    copied = Message(b"{}", headers={header: ["order.OrderCreated.v1.p00"]})
    async with shop.channel("inventory") as channel:
        target = await channel.get_exchange("inventory.events", ensure=False)
        with suppress(ChannelAccessRefused):  # since 4.x; before, it goes by its own exchange
            await target.publish(copied, "stock.UnitsReserved.v1.p00")
    reacting = [name for name, member in MEMBERS.items() if member.queues]
    assert not any([await shop.depth(queue(name, 0)) for name in reacting])


@pytest.mark.parametrize("login", ["inventory:wrong", "inventory:", "guest:"])
async def test_nobody_enters_without_a_password(standing: Bus, login: str) -> None:
    user = standing.url("inventory").replace("inventory:inventory", login)
    with pytest.raises(AMQPError):
        await aio_pika.connect(user)


@pytest.mark.parametrize("user", CONTEXTS)
async def test_no_context_can_enter_another_vhost_or_the_management_console(
    standing: Bus, user: str
) -> None:
    with pytest.raises((AMQPError, InvalidFrameError)):
        await aio_pika.connect(standing.url(user).replace(standing.vhost, "%2F"))
    console = standing.management.replace("admin:admin", f"{user}:{user}")
    with pytest.raises(ManagementError, match="refused"):
        await fetch(console, standing.wanted)
