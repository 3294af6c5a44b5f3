"""How this code talks to PostgreSQL: autocommit, and nothing that can wait for ever."""

from __future__ import annotations

from select import POLLIN, poll
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]
Pool: TypeAlias = AsyncConnectionPool[Connection]

MOST_CONNECTIONS: Final = 8
"""How many a process has at most: its pool, its loop, its relay and its projections together."""

_LIMIT: Final = """
    current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int
"""
ROOM: Final = f"""
    select {_LIMIT} - count(*) from pg_stat_activity
    where datname is not null and pid <> pg_backend_pid()
"""  # noqa: S608 - nothing but our own expression is inlined
"""How many more connections the server takes from those who are no superusers."""

PROCESSES: Final = f"""
    with sessions as (
        select application_name ~ '^[a-z]+ (service|relay) [^ ]+$' as ours,
            split_part(application_name, ' ', 1) || split_part(application_name, ' ', 3) as process
        from pg_stat_activity where datname is not null
    )
    select count(distinct process) filter (where ours),
        {_LIMIT} - count(*) filter (where not ours)
    from sessions
"""  # noqa: S608 - the same
"""How many processes of the shop are connected to the server, and how many connections it has for
them: all but those of others. A process goes by the names of its connections."""

# A process that is stopped between two statements loses its locks after the idle timeout, before
# those who wait for them give up.
TIMEOUTS = {
    "idle_in_transaction_session_timeout": "4s",
    "lock_timeout": "5s",
    "statement_timeout": "15s",
}

# A plan made while the tables were empty, and kept, would scan them when they are full: these leave
# only the indexes, and every statement has one.
_PLANS: Final = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

# Classes of errors: connection, transaction state, rollback, resources, locks, operator, system.
_OUTAGES: Final = frozenset({"08", "25", "40", "53", "55", "57", "58"})


def is_outage(error: BaseException) -> bool:
    """Tell a database that does not answer now from one that will never take what it was given."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, OSError)  # a TimeoutError is one too
    if error.sqlstate:
        return error.sqlstate[:2] in _OUTAGES
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


def arguments(**settings: str) -> dict[str, Any]:
    """List what every connection is opened with, beside its URL; `settings` are the server's."""
    options = TIMEOUTS | _PLANS | settings
    return {
        "autocommit": True,
        "connect_timeout": 5,
        "tcp_user_timeout": 20_000,
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
    }


def pool(url: str, *, size: int) -> Pool:
    """Make a pool of at most `size` connections; `async with` opens and closes it.

    Who waits longer than five seconds for one of them gets a `psycopg_pool.PoolTimeout`.
    """
    return AsyncConnectionPool(
        url, kwargs=arguments(), min_size=1, max_size=size, open=False, timeout=5, check=_alive
    )


async def _alive(connection: Connection) -> None:
    """Raise `psycopg.Error` where the server has closed an idle connection; asks it nothing."""
    socket = poll()
    socket.register(connection.pgconn.socket, POLLIN)
    while socket.poll(0):
        connection.pgconn.consume_input()
