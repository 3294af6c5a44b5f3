"""The connections to the services, kept between requests.

By aiohttp's client, a request would cost the gateway twice the processor time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final
from urllib.parse import urlsplit

from ecommerce.gateway.connection import Broken, Connection
from ecommerce.gateway.incoming import READING, Passed

PER_INSTANCE: Final = 100
"""Requests at once: an instance that stands still holds up those that are for it, no others."""
ROOM_SECONDS: Final = 2.0
"""Seconds to wait for one of them to end."""
CONNECT_SECONDS: Final = 0.5
KEPT: Final = 30.0
"""Seconds that an idle connection is kept, less than the services keep it."""


class Unreachable(ConnectionError):
    """An instance takes no connection, or no more requests: it knows nothing of this one."""


class Instance:
    """The connections to one instance of a service."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = True if parts.scheme == "https" else None
        self._prefix = parts.path
        self._host = parts.netloc
        self._idle: deque[Connection] = deque()
        self._room = asyncio.Semaphore(PER_INSTANCE)

    async def ask(self, passed: Passed) -> Connection:
        """Send a request, and give the connection on which the head of its answer has come.

        It must be given back. Raises `Unreachable`, `Broken` and `TimeoutError`.
        """
        await self._enter()
        try:
            return await self._ask(self._written(passed))
        except BaseException:
            self._room.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request, if it is good for one."""
        if connection.end():
            self._idle.append(connection)
        self._room.release()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    async def _enter(self) -> None:
        try:
            if self._room.locked():
                async with asyncio.timeout(ROOM_SECONDS):
                    await self._room.acquire()
            else:
                await self._room.acquire()
        except TimeoutError:
            raise Unreachable("It has no room for more requests.") from None

    async def _ask(self, request: bytes) -> Connection:
        if kept := self._kept():
            try:
                return await _asked(kept, request)
            except Broken:
                # It was closed at that moment; no harm is done by sending it once more, as what
                # changes something has a key. The other connections will be no better.
                self.close()
        return await _asked(await self._connect(), request)

    def _kept(self) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - KEPT
        while self._idle:
            connection = self._idle.pop()
            if connection.open and connection.used_at > oldest:
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, made = await loop.create_connection(Connection, *self._address, ssl=self._tls)
        except OSError as error:  # a TimeoutError is one too
            raise Unreachable(str(error)) from error
        return made

    def _written(self, passed: Passed) -> bytes:
        lines = [f"{passed.method} {self._prefix}{passed.target} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in passed.headers]
        if passed.body or passed.method not in READING:
            lines.append(f"content-length: {len(passed.body)}")
        return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + passed.body


async def _asked(connection: Connection, request: bytes) -> Connection:
    try:
        await connection.ask(request)
    except BaseException:
        connection.close()
        raise
    return connection


class Connections:
    """The connections to all instances, by URL."""

    def __init__(self) -> None:
        self._instances: dict[str, Instance] = {}

    def to(self, url: str) -> Instance:
        """Give those to an instance."""
        if url not in self._instances:
            self._instances[url] = Instance(url)
        return self._instances[url]

    def close(self) -> None:
        """Close those that are idle."""
        for instance in self._instances.values():
            instance.close()
