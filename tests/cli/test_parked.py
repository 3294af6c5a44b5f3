from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage
from click.testing import CliRunner, Result

from consuming import RETRIES, Loop, beating, compensate, created
from ecommerce.aggregates import inventory
from ecommerce.bus import parked_asks
from ecommerce.bus.message import Received
from ecommerce.bus.parking import park, park_behind
from ecommerce.bus.reaction import Unfit
from ecommerce.bus.redrive import Redrive
from ecommerce.cli import redriving as redriving_cli
from ecommerce.cli.main import main
from ecommerce.sandbox import folder
from ecommerce.sandbox import servers as places
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool
from ecommerce.store.discards import Discarding
from ecommerce.store.envelope import Recorded, encode, open_envelope
from ecommerce.store.unit import Unit
from readside import connected, running
from servers import Broker
from shop_bus import MEMBERS, Bus, bus
from writing import database, emptied, looping, rows, until

pytestmark = pytest.mark.servers

DETAIL = "Traceback\nZeroDivisionError: a bug"


@pytest.fixture(scope="module")
def url(postgres: str) -> Iterator[str]:
    with database(postgres) as made:
        yield made


@pytest.fixture
async def shop(
    rabbitmq: Broker, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bus]:
    """Give the command line a shop whose inventory has parked three messages of order 7."""
    monkeypatch.setenv("ECOMMERCE_RUN", str(tmp_path))
    folder.keep(folder.Run(tmp_path))
    async with bus(rabbitmq) as made:
        monkeypatch.setattr(places, "database_url", lambda *_: url)
        monkeypatch.setattr(places, "amqp_url", lambda *_: made.url("admin"))
        yield made


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    async with connected(emptied(url)) as opened:
        await rows(url, "delete from instances")
        first, *others = (
            Received(open_envelope(body), body, 1, "any", {"position": 1})
            for body in map(encode, (created("7"), compensate("7"), compensate("7", 3)))
        )
        await park(opened, first, Unfit("policy failed", DETAIL), 1)
        for each in others:
            assert await park_behind(opened, each)
        yield opened


async def ecommerce(*arguments: str) -> Result:
    """Call the command line, while the rest of the test's world goes on."""
    return await asyncio.to_thread(CliRunner().invoke, main, ["parked", *arguments])


def last(result: Result) -> str:
    """Give what the command says in the end; the test's own redrive logs before."""
    return result.output.splitlines()[-1]


@asynccontextmanager
async def redriving(pool: Pool, loop: Loop | CommandLoop) -> AsyncIterator[None]:
    redrive = Redrive(MEMBERS["inventory"], pool, loop.submit, "a", RETRIES)
    async with running(beating(pool, "a"), redrive.run()):
        await until(partial(_somebody_runs, pool))
        yield


async def _somebody_runs(pool: Pool) -> bool:
    async with pool.connection() as db:
        return await parked_asks.somebody_runs(db)


async def put_into_the_parked_queue(shop: Bus, *noted: Recorded[Any]) -> None:
    """Have the broker keep messages of others there, and one of nobody."""

    async def refuse(message: AbstractIncomingMessage) -> None:
        await message.reject(requeue=False)

    async def there() -> bool:
        return await shop.depth("inventory.parked") == len(noted) + 1

    await shop.publish(*noted)
    async with shop.channel("inventory") as channel, shop.channel("admin") as nobody:
        for number in range(MEMBERS["inventory"].queues):
            await (await channel.get_queue(f"inventory.in.{number}", ensure=False)).consume(refuse)
        dead = await nobody.get_exchange("inventory.dlx", ensure=False)
        await dead.publish(Message(b"?", user_id="admin"), "")
        await until(there)


@pytest.mark.usefixtures("shop", "pool")
async def test_a_list_has_all_that_is_parked() -> None:
    found = msgspec.json.decode((await ecommerce("list", "inventory", "--json")).output)
    assert [(each["message_id"], each["reason"]) for each in found] == [
        ("order-7@1", "policy failed"),
        ("order-7@2", "behind parked"),
        ("order-7@3", "behind parked"),
    ]
    table = (await ecommerce("list", "inventory")).output
    assert "OrderCreated" in table
    assert "ann@example.invalid" not in table


@pytest.mark.usefixtures("shop", "pool")
async def test_one_message_is_shown_with_what_stands_behind_it_and_why() -> None:
    shown = (await ecommerce("show", "inventory", "1")).output
    assert DETAIL in shown
    assert "3: order-7@3 CompensateInventory, behind parked" in shown
    assert "ann@example.invalid" not in shown
    assert "ann@example.invalid" in (await ecommerce("show", "inventory", "1", "--body")).output


@pytest.mark.usefixtures("shop")
async def test_a_retry_tells_how_each_key_ended(pool: Pool) -> None:
    def fails(unit: Unit) -> Exception | None:
        return ValueError("again") if unit.cause.causation_id == "order-7@2" else None

    loop = Loop(fails)
    async with redriving(pool, loop):
        again = await ecommerce("retry", "inventory", "--stream", "order-7")
        assert again.exit_code == 1
        assert last(again) == "7: order-7@2 failed: not recorded: ValueError: again"
        loop.fail = lambda _: None
        done = await ecommerce("retry", "inventory", "--all")
    assert (done.exit_code, last(done)) == (0, "7: handled, and free.")
    assert [unit.cause.causation_id for unit in loop.recorded.values()] == [
        f"order-7@{version}" for version in (1, 2, 3)
    ]


async def test_all_that_can_be_fed_is_fed_wherever_it_is_and_the_rest_is_told_of(
    shop: Bus, pool: Pool
) -> None:
    await put_into_the_parked_queue(shop, created("8"), compensate("8"))
    planned = await ecommerce("retry", "inventory", "--all", "--dry-run")
    assert planned.output.count("order-7@") == 3
    assert planned.output.count("order-8@") == 2
    assert await shop.depth("inventory.parked") == 3
    loop = Loop()
    async with redriving(pool, loop):
        done = await ecommerce("retry", "inventory", "--all")
    assert done.exit_code == 0
    for line in ("7: handled, and free.", "8: handled, and free.", "1 cannot be read"):
        assert line in done.output
    assert sorted(unit.cause.causation_id for unit in loop.recorded.values()) == [
        *(f"order-7@{version}" for version in (1, 2, 3)),
        *(f"order-8@{version}" for version in (1, 2)),
    ]
    assert await shop.depth("inventory.parked") == 1


async def test_a_stream_is_fed_from_the_broker_s_queue_too(shop: Bus, pool: Pool) -> None:
    await put_into_the_parked_queue(shop, created("8"))
    loop = Loop()
    async with redriving(pool, loop):
        done = await ecommerce("retry", "inventory", "--stream", "order-8")
    assert (done.exit_code, last(done)) == (0, "8: handled, and free.")
    assert [unit.cause.causation_id for unit in loop.recorded.values()] == ["order-8@1"]


@pytest.mark.usefixtures("shop")
async def test_who_interrupts_a_retry_takes_back_what_has_not_begun(pool: Pool) -> None:
    async def asked() -> bool:
        async with pool.connection() as db:
            return any(row.retry_at for row in await parked_asks.listed(db))

    async with running(beating(pool, "a")):
        await until(partial(_somebody_runs, pool))
        retrying = asyncio.create_task(redriving_cli.retry("inventory", {"7"}))
        await until(asked)
        retrying.cancel()
        assert not await retrying
    assert not await asked()


@pytest.mark.usefixtures("shop")
async def test_where_nothing_can_be_fed_that_is_said(url: str) -> None:
    emptied(url)
    told = await ecommerce("retry", "inventory", "--all")
    assert (told.exit_code, told.output) == (0, "There is nothing to feed.\n")


@pytest.mark.usefixtures("shop")
async def test_a_dry_run_asks_for_nothing(pool: Pool) -> None:
    told = await ecommerce("retry", "inventory", "1", "--dry-run")
    assert told.output.count("order-7@") == 3
    async with pool.connection() as db:
        cursor = await db.execute("select count(*) from parked where retry_at is not null")
        assert await cursor.fetchone() == (0,)


@pytest.mark.usefixtures("shop", "pool")
async def test_what_nobody_runs_for_waits_for_the_next_start() -> None:
    told = await ecommerce("retry", "inventory", "1")
    assert told.exit_code == 0
    assert "the next one to start does this" in told.output


@pytest.mark.usefixtures("shop")
async def test_a_message_is_given_up_with_its_reason(pool: Pool, url: str) -> None:
    async with looping(url, Discarding(inventory)) as loop, redriving(pool, loop):
        told = await ecommerce("discard", "inventory", "3", "--reason", "twice")
    assert (told.exit_code, last(told)) == (0, "order-7@3: given up.")
    ((document,),) = await rows(url, "select state from events")
    assert msgspec.json.decode(document)["data"]["reason"] == "twice"


async def test_what_the_broker_keeps_is_listed_and_not_fed_where_it_cannot_be_read(
    shop: Bus, pool: Pool
) -> None:
    async with shop.channel("admin") as channel:
        dead = await channel.get_exchange("inventory.dlx", ensure=False)
        await dead.publish(Message(b"?", user_id="admin"), "")
    found = msgspec.json.decode((await ecommerce("list", "inventory", "--json")).output)
    assert [each["reason"] for each in found][-1] == "unreadable"
    refused = await ecommerce("retry", "inventory", found[-1]["id"])
    assert refused.exit_code == 1
    assert "Discard it" in refused.output
    asked = await ecommerce("discard", "inventory", found[-1]["id"], "--reason", "noise")
    assert "the next one to start does this" in asked.output
    assert await shop.depth("inventory.parked") == 0
    async with pool.connection() as db:
        cursor = await db.execute("select discard_reason from parked where reason = 'unreadable'")
        assert await cursor.fetchall() == [("noise",)]


@pytest.mark.usefixtures("shop", "pool")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "inventory", "99"), "Nothing is parked as 99"),
        (("retry", "inventory"), "Say one of these"),
        (("retry", "inventory", "1", "--all"), "Say one of these"),
        (("discard", "inventory", "1"), "Missing option '--reason'"),
        (("discard", "inventory", "1", "--reason", " "), "--reason must say why"),
        (("list", "audit"), "'audit' is not one of"),
    ],
)
async def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], complaint: str) -> None:
    refused = await ecommerce(*arguments)
    assert refused.exit_code != 0
    assert complaint in refused.output
