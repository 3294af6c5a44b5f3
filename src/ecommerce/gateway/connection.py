"""A connection to a service: HTTP/1.1 as uvicorn speaks it, by httptools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import httptools

from ecommerce.gateway.incoming import RawHeaders

ANSWER_SECONDS: Final = 30.0
"""Seconds to be answered, and for each next part of the answer.

A service may wait for its database twice, for a Consistency-Token and to record, 25 seconds in all,
before it says by itself that it cannot.
"""
AHEAD: Final = 256 * 1024
"""Bytes of an answer that may wait for a slow reader."""


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
