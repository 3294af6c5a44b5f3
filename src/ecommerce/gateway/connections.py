"""The gateway's connections to the services: a request costs a third of what it costs by aiohttp.

They speak HTTP/1.1 as uvicorn does, by httptools, and are kept open between requests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit

import httptools

from ecommerce.gateway.incoming import READING, Passed, RawHeaders

PER_INSTANCE: Final = 100
"""Requests at once: an instance that stands still holds up those that are for it, no others."""
ROOM_SECONDS: Final = 2.0
"""Seconds to wait for one of them to end."""
CONNECT_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 30.0
"""Seconds to be answered, and for each next part of the answer.

A service may wait for its database twice, for a Consistency-Token and to record, 25 seconds in all,
before it says by itself that it cannot.
"""
KEPT: Final = 30.0
"""Seconds that an idle connection is kept, less than the services keep it."""
AHEAD: Final = 256 * 1024
"""Bytes of an answer that may wait for a slow reader."""


class Unreachable(ConnectionError):
    """An instance takes no connection, or no more requests: it knows nothing of this one."""


class Broken(ConnectionError):
    """The instance ended the connection before its answer was complete."""


class Connection(asyncio.Protocol):
    """A connection that carries one request after another."""

    def __init__(self) -> None:
        self.open = True
        self.status = 0
        self.headers: RawHeaders = []
        self.used_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._complete = True
        self._reusable = True
        self._failure: Broken | None = None
        self._transport: Any = None  # asyncio's, or uvloop's
        self._parser: Any = None
        self._parts: list[bytes] = []
        self._waiting_bytes = 0
        self._waiting: asyncio.Future[None] | None = None

    async def ask(self, request: bytes) -> None:
        """Send a request, and wait for the head of the answer. Raises `Broken`, `TimeoutError`."""
        self.status, self.headers, self._complete = 0, [], False
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)
        while not self.status:
            await self._more()

    async def parts(self) -> AsyncIterator[tuple[bytes, bool]]:
        """Give the answer's body as it comes, each part with whether another follows.

        Raises `Broken` and `TimeoutError`.
        """
        more = True
        while more:
            while not self._parts and not self._complete:
                await self._more()
            body, more = b"".join(self._parts), not self._complete
            self._parts.clear()
            self._waiting_bytes = 0
            if more:
                self._transport.resume_reading()
            yield body, more

    def end(self) -> bool:
        """Say whether it can carry another request; it is closed where it cannot."""
        if not (self._complete and self._reusable):
            self.close()
        self._parser, self.used_at = None, self._loop.time()
        return self.open

    def close(self) -> None:
        """Close it."""
        self.open = False
        self._transport.close()

    async def _more(self) -> None:
        """Wait until more of the answer has come. Raises `Broken` and `TimeoutError`."""
        if self._failure:
            raise self._failure
        self._waiting = self._loop.create_future()
        timer = self._loop.call_later(ANSWER_SECONDS, self._wake, TimeoutError())
        try:
            await self._waiting
        finally:
            timer.cancel()

    def _wake(self, error: Exception | None = None) -> None:
        if self._waiting and not self._waiting.done():
            if error:
                self._waiting.set_exception(error)
            else:
                self._waiting.set_result(None)

    def _fail(self, failure: Broken) -> None:
        self._failure = self._failure or failure
        self.close()
        self._wake()

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Read more of the answer; what comes unasked ends the connection."""
        if self._parser is None:
            self._fail(Broken("the service spoke without being asked"))
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(Broken(str(error)))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way."""
        self._fail(Broken(str(exc or "the service hung up")))

    def on_message_begin(self) -> None:
        """Begin the answer. Raises `Broken` at a second one, which nobody has asked for."""
        if self._complete:
            raise Broken("the service answered twice")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header."""
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note that the head is there."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body, and read no further while nobody takes it."""
        self._parts.append(body)
        self._waiting_bytes += len(body)
        if self._waiting_bytes > AHEAD:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note that the answer is complete."""
        self._complete = True
        self._reusable = self._parser.should_keep_alive()


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
