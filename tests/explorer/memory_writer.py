"""The command loop's connection, to a log in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeVar

from psycopg.errors import OperationalError

from ecommerce.store.append import Appended
from ecommerce.store.batch import Batch
from ecommerce.store.lookup import Found
from ecommerce.store.writer import Writer
from explorer.memory_session import Server, Session

T = TypeVar("T")


class MemoryWriter(Writer):
    """Takes the real one's place; everything that it is asked for waits to be let."""

    def __init__(self, server: Server, owner: str) -> None:
        super().__init__("")
        self._server = server
        self._owner = owner
        self._session: Session | None = None
        self._killed = False

    @property
    def session(self) -> Session | None:
        """The connection, if it is open."""
        return self._session

    async def open(self) -> None:
        """Connect, in place of a former connection."""
        await self.close()
        await self._still_here()
        self._session = Session(self._server, self._owner)

    async def close(self) -> None:
        """Close the connection, and with it whatever was not committed."""
        if self._session:
            self._session.leave()
            self._session = None

    def kill(self) -> None:
        """Have the process die: it never gets any answer, or asks for anything, again."""
        self._killed = True
        if self._session:
            self._session.leave()
            self._session = None

    async def lock(self) -> None:
        """Begin a transaction that holds the log's lock."""
        session = await self._connected()
        await session.ask("lock", session.lock)

    async def read(self, versions: Mapping[str, int], keys: Sequence[str]) -> Found:
        """Read what streams hold after these versions, and look the keys up."""
        session = await self._connected()

        async def find() -> Found:
            return self._server.log.find(dict(versions), keys)

        return await session.ask("read", find)

    async def append(self, batch: Batch, *, locked: bool) -> Appended | None:
        """Record a batch, unless a stream that it read or a key of it has changed."""
        session = await self._connected()

        async def record() -> Appended | None:
            if not locked:
                await session.lock()
                await session.step("append has the lock")
            appended = self._server.log.commit(batch)
            session.unlock()
            return appended

        return await session.ask("append", record)

    async def _connected(self) -> Session:
        await self._still_here()
        if not self._session:
            raise OperationalError("the connection is not open")
        return self._session

    async def _still_here(self) -> None:
        if self._killed:
            await asyncio.get_running_loop().create_future()
