"""A service is all of its parts on real servers: ready when they are, and stopped without loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click import ClickException
from msgspec.structs import replace
from psycopg.conninfo import conninfo_to_dict
from structlog.testing import capture_logs

from ecommerce import service
from ecommerce.api.server import GRACE
from ecommerce.bus import intake
from ecommerce.cli import starting
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import postgres as admin
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.program import Program
from ecommerce.store import call_worker, command_loop
from ecommerce.store.connection import MOST_CONNECTIONS
from ecommerce.store.migrate import WrongSchema
from sandboxes import PaymentProvider, free_port, running
from servers import Broker
from serving import Services, services
from writing import empty_database, until

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def shop(
    postgres: str, rabbitmq: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    provider = PaymentProvider(tmp_path_factory.mktemp("provider") / "provider.sqlite")
    with running(provider), services(postgres, rabbitmq, provider, ["payments"]) as made:
        yield made


async def test_a_service_reacts_calls_records_publishes_and_shows(shop: Services) -> None:
    async with shop.running("payments"):
        (order_id,) = await shop.place(1, reserved=True)
        await until(lambda: shop.has("payments", "PaymentSucceeded", [order_id]))
        await until(lambda: shop.all_published("payments"))
        async with httpx.AsyncClient(base_url=shop.url("payments")) as http:
            checks = (await http.get("/health/ready")).json()["checks"]
            await until(lambda: _shown(http, order_id))
    assert await shop.types("payments", order_id) == [
        "PaymentRequested",
        "PaymentStarted",
        "PaymentSucceeded",
    ]
    assert len((await shop.provider.ledger(order_id))["charges"]) == 1
    assert {"schema", "loop", "relay", "consumers"} < checks.keys()


async def test_without_a_broker_it_lives_and_says_what_it_waits_for(shop: Services) -> None:
    settings = replace(
        shop.settings("payments"), amqp_url=f"amqp://nobody:nothing@127.0.0.1:{free_port()}"
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(service.run(CONTEXTS["payments"], settings, stop))
    async with httpx.AsyncClient(base_url=shop.url("payments")) as http:
        await until(lambda: _answers(http))
        readiness = await http.get("/health/ready")
        assert (await http.get("/health/live")).is_success
    stop.set()
    await serving
    assert readiness.status_code == httpx.codes.SERVICE_UNAVAILABLE
    checks = readiness.json()["checks"]
    assert (checks["schema"], checks["relay"], checks["consumers"]) == (True, False, False)


async def test_it_refuses_a_database_that_was_never_migrated(shop: Services, postgres: str) -> None:
    with empty_database(postgres) as url:
        settings = replace(shop.settings("payments"), database_url=url)
        with pytest.raises(WrongSchema, match="ecommerce migrate"):
            await service.run(CONTEXTS["payments"], settings, asyncio.Event())


async def test_a_stop_during_a_call_waits_for_its_outcome_and_records_it(shop: Services) -> None:
    await shop.provider.fail(when="after", path="payment_intents", delay=1.5)
    async with shop.running("payments"):
        (order_id,) = await shop.place(1, reserved=True)
        await until(lambda: shop.charged([order_id]))
        assert not await shop.has("payments", "PaymentSucceeded", [order_id])
    assert await shop.has("payments", "PaymentSucceeded", [order_id])
    assert await shop.rows("payments", "select 1 from calls") == []


async def test_a_process_has_at_most_8_connections_to_postgresql(
    shop: Services, postgres: str
) -> None:
    counts: list[int] = []

    async def all_charged(db: psycopg.AsyncConnection[Any]) -> bool:
        query = "select count(*) from pg_stat_activity where datname = %s"
        ((count,),) = await (await db.execute(query, [database])).fetchall()
        counts.append(count)
        return await shop.charged(names)

    database = conninfo_to_dict(shop.databases["payments"])["dbname"]
    async with (
        await psycopg.AsyncConnection.connect(postgres, autocommit=True) as db,
        shop.running("payments"),
    ):
        names = await shop.place(20, reserved=True)
        await until(lambda: all_charged(db))
    assert max(counts) <= MOST_CONNECTIONS == 8


@asynccontextmanager
async def a_crowd(postgres: str) -> AsyncIterator[int]:
    """Have so many processes of a shop connected that the server cannot hold what they may need."""
    async with AsyncExitStack() as crowd:
        size = admin.room(postgres) // MOST_CONNECTIONS + 1
        for number in range(size):
            name = f"inventory service host-{number}"
            connecting = psycopg.AsyncConnection.connect(postgres, application_name=name)
            await crowd.enter_async_context(await connecting)
        yield size


async def test_a_service_says_where_the_server_cannot_hold_what_all_processes_may_need(
    shop: Services, postgres: str
) -> None:
    """It does so while there is room for it itself: the others have not all of theirs yet."""
    with capture_logs() as logs:
        async with a_crowd(postgres) as size, shop.running("payments"):
            assert admin.room(postgres) > MOST_CONNECTIONS
    (told,) = [log for log in logs if log["event"] == "service.few_connections"]
    assert told["processes"] > size
    assert told["needed"] == told["processes"] * 8 > told["room"]
    assert f"max_connections by {told['needed'] - told['room']}" in told["advice"]


async def test_all_connections_of_a_process_say_whose_they_are(
    shop: Services, postgres: str
) -> None:
    query = "select application_name from pg_stat_activity where datname = %s"
    database = conninfo_to_dict(shop.databases["payments"])["dbname"]
    async with (
        await psycopg.AsyncConnection.connect(postgres, autocommit=True) as db,
        shop.running("payments"),
    ):
        names = [name for (name,) in await (await db.execute(query, [database])).fetchall()]
    kinds = [tuple(name.rsplit(" ", 1)) for name in names]
    assert {kind for kind, _ in kinds} == {"payments service", "payments relay"}
    assert len({instance for _, instance in kinds}) == 1 < len(kinds)


def test_a_start_of_more_processes_than_the_server_has_room_for_says_so(
    postgres: str, tmp_path: Path
) -> None:
    room = admin.room(postgres)
    starting._expect_room(Run(tmp_path), room)
    crowd = Run(tmp_path, scale={"inventory": room})
    processes = room + len(CONTEXTS) - 1
    told = (
        f"takes {room} more.*{processes} processes.*need {8 * processes}.*by {8 * processes - room}"
    )
    with pytest.raises(ClickException, match=told):
        starting._expect_room(crowd, room)


def test_a_service_has_the_time_that_it_may_need_to_stop() -> None:
    before = GRACE + max(call_worker.PATIENCE, intake._DRAIN)
    assert before + command_loop._DRAIN < Program("any", ()).patience


def test_it_warns_where_others_than_this_machine_reach_it() -> None:
    with capture_logs() as logs:
        service._say("0.0.0.0", 80)  # noqa: S104 - nothing listens
        service._say("127.0.0.1", 80)
    assert [log["event"] for log in logs].count("service.open_to_others") == 1


async def _shown(http: httpx.AsyncClient, order_id: str) -> bool:
    answer = await http.get(f"/payments/{order_id}", headers={"X-Caller": "staff; payments:read"})
    return answer.is_success and answer.json()["status"] == "succeeded"


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/live")).is_success
    except httpx.TransportError:
        return False
