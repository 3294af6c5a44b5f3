"""The command loop's own connection to the database."""

from __future__ import annotations

import random
from asyncio import sleep
from collections.abc import Callable, Mapping, Sequence
from struct import unpack
from typing import Final

import psycopg
import structlog

from ecommerce.store import lookup
from ecommerce.store.append import PREPARE, Appended, append
from ecommerce.store.batch import Batch
from ecommerce.store.connection import Connection, arguments
from ecommerce.store.lookup import Found
from ecommerce.store.pipeline import round_trip
from ecommerce.store.recorder import KEY, LOCK

# No timeout runs on the server while it waits for the rest of a pipeline, or to send a result. Who
# is stopped just there is found by those whom the lock is kept from, and loses it.
_EVICT: Final = f"""
select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and granted and pg_locks.database = datid
    and datname = current_database() and objsubid = 1
    and (classid::bigint << 32) + objid::bigint = {KEY}
    and wait_event in ('ClientRead', 'ClientWrite')
    and state_change < now() - current_setting('idle_in_transaction_session_timeout')::interval
"""  # noqa: S608 - nothing but the lock's key is inlined

_ONE_PIECE: Final = 8192
"""Bytes that an idle socket always takes at once."""

_BINARY: Final = (1,)

_log = structlog.get_logger()


class Writer:
    """A connection that is opened anew after an outage. Raises `psycopg.Error` where it fails."""

    def __init__(self, url: str, shape: Callable[[str], str] = lambda _: "") -> None:
        self._url = url
        self._shape = shape
        self._open: Connection | None = None

    async def open(self) -> None:
        """Connect, in place of a former connection, however long that takes."""
        await self.close()
        delay = 0.05
        while not self._open:
            try:
                self._open = await psycopg.AsyncConnection.connect(
                    self._url, **arguments(plan_cache_mode="force_generic_plan")
                )
                await self._open.execute(_EVICT)
                await self._open.execute(f"{lookup.PREPARE}; {PREPARE}; prepare lock as {LOCK}")
                await round_trip(self._connection, self._prepare, 3)
            except psycopg.OperationalError as error:
                await self.close()
                _log.warning("store.unavailable", error=str(error))
                await sleep(delay * random.uniform(0.5, 1))  # noqa: S311 - not a secret
                delay = min(2 * delay, 2)

    async def close(self) -> None:
        """Close the connection, and with it whatever was not committed."""
        if self._open:
            await self._open.close()
            self._open = None

    def _prepare(self) -> None:
        # SQL's own `prepare` does not take these.
        self._connection.pgconn.send_prepare(b"begin_batch", b"begin")
        self._connection.pgconn.send_prepare(b"commit", b"commit")
        self._connection.pgconn.pipeline_sync()

    @property
    def _connection(self) -> Connection:
        if not self._open:
            raise psycopg.OperationalError("the connection is not open")
        return self._open

    async def lock(self) -> None:
        """Begin a transaction that holds the log's lock, in a message of its own."""
        await self._connection.execute(f"begin; {LOCK}", prepare=False)

    async def read(self, versions: Mapping[str, int], keys: Sequence[str]) -> Found:
        """Read what streams hold after these versions, and look the keys up."""
        shapes = [self._shape(stream) for stream in versions]
        values = lookup.wanted(versions, shapes, keys)
        pgconn = self._connection.pgconn

        def send() -> None:
            pgconn.send_query_prepared(b"lookup", values, _BINARY * len(values), result_format=1)
            pgconn.pipeline_sync()

        rows, _ = await round_trip(self._connection, send, 2)
        return lookup.found(rows)

    async def append(self, batch: Batch, *, locked: bool) -> Appended | None:
        """Record a batch in one round trip, unless a stream that it read or a key has changed.

        With the lock held already, the transaction is only ended.
        """
        statement, values = append(batch)
        apart = sum(map(len, values)) > _ONE_PIECE
        pgconn = self._connection.pgconn

        def send() -> None:
            if not locked:
                pgconn.send_query_prepared(b"begin_batch", None)
                pgconn.send_query_prepared(b"lock", None)
                if apart:
                    # Should this process be stopped before it sends the rest, the server ends the
                    # transaction: its idle timeout runs, but only after a sync.
                    pgconn.pipeline_sync()
            pgconn.send_query_prepared(statement, values, _BINARY * len(values), result_format=1)
            pgconn.send_query_prepared(b"commit", None)
            pgconn.pipeline_sync()

        answers = await round_trip(self._connection, send, 3 if locked else 5 + apart)
        appended = answers[-3]
        opened, head, first = (unpack("!q", appended.get_value(0, n) or b"")[0] for n in range(3))
        return Appended(head, first) if opened else None
