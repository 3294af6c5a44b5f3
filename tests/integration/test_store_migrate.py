"""The schema is made once, and a service on another one says so."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from ecommerce.store.connection import pool
from ecommerce.store.migrate import WrongSchema, expect_schema, known, migrate
from writing import empty_database, rows

pytestmark = pytest.mark.servers


@pytest.fixture
def url(postgres: str) -> Iterator[str]:
    with empty_database(postgres) as made:
        yield made


async def check(url: str) -> None:
    async with pool(url, size=1) as opened:
        await expect_schema(opened)


async def test_two_at_once_take_each_step_once(url: str) -> None:
    taken = await asyncio.gather(*(asyncio.to_thread(migrate, url) for _ in range(3)))
    assert sorted(taken) == [[], [], list(known())]
    assert migrate(url) == []
    await check(url)


async def test_an_older_schema_is_named(url: str) -> None:
    with pytest.raises(WrongSchema, match=r"older.*0001_event_log.*ecommerce migrate"):
        await check(url)
    migrate(url)
    await rows(url, "delete from schema_migrations where name = '0001_event_log'")
    with pytest.raises(WrongSchema, match="lacks 0001_event_log"):
        await check(url)


async def test_a_newer_schema_is_left_alone(url: str) -> None:
    migrate(url)
    await rows(url, "insert into schema_migrations values ('9999_later')")
    with pytest.raises(WrongSchema, match=r"newer.*9999_later"):
        await check(url)
    with pytest.raises(WrongSchema, match="newer"):
        migrate(url)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("delete from schema_migrations where name = '0001_event_log'", "older than this code"),
        ("insert into schema_migrations values ('9999_later')", "newer than this code"),
    ],
    ids=["older", "newer"],
)
async def test_a_service_on_another_schema_says_so_and_exits(
    url: str, change: str, complaint: str
) -> None:
    migrate(url)
    await rows(url, change)
    parts = conninfo_to_dict(url)
    address = f"{parts['user']}:{parts.get('password', '')}@{parts['host']}:{parts['port']}"
    served = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from ecommerce.cli.main import main; main()", "serve", "orders"],
        env={
            **os.environ,
            "DATABASE_URL": f"postgresql://{address}/{parts['dbname']}",
            "AMQP_URL": "amqp://127.0.0.1:1/none",
        },
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert served.returncode == 1
    assert complaint in served.stderr
    assert "Traceback" not in served.stderr


async def test_a_step_that_fails_leaves_nothing_behind(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"0001_fine": "create table fine ()", "0002_wrong": "create nonsense"}
    monkeypatch.setattr("ecommerce.store.migrate.known", lambda: steps)
    with pytest.raises(Exception, match="nonsense"):
        migrate(url)
    assert await rows(url, "select 1 from pg_tables where tablename = 'fine'") == []
