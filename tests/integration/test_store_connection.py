"""A connection says at once what it cannot do, and an outage is told from what will never work."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout

from ecommerce.store.connection import is_outage, pool
from writing import rows

KILL_OTHERS = """select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()"""


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError(),
        PoolTimeout("no connection came free"),
        psycopg.OperationalError("the connection is closed"),
        psycopg.InterfaceError("the connection is closed"),
        errors.IdleInTransactionSessionTimeout(),
        errors.DeadlockDetected(),
        errors.DiskFull(),
        errors.LockNotAvailable(),
        errors.AdminShutdown(),
        errors.ReadOnlySqlTransaction(),
    ],
    ids=repr,
)
def test_what_may_work_soon_is_an_outage(error: Exception) -> None:
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        errors.UniqueViolation(),
        errors.UndefinedTable(),
        errors.ProgramLimitExceeded(),
        errors.UntranslatableCharacter(),
        psycopg.DataError("a text holds a NUL"),
        UnicodeEncodeError("utf-8", "", 0, 1, ""),
        ZeroDivisionError(),
    ],
    ids=repr,
)
def test_what_will_never_work_is_none(error: Exception) -> None:
    assert not is_outage(error)


@pytest.mark.servers
async def test_a_pool_hands_out_no_connection_that_the_server_has_closed(url: str) -> None:
    async with pool(url, size=2) as opened:
        async with opened.connection() as one, opened.connection() as other:
            assert {one.closed, other.closed} == {False}
        await rows(url, KILL_OTHERS)
        for _ in range(3):
            async with opened.connection() as connection:
                await connection.execute("select 1")
