"""A wire between the command loop and PostgreSQL that a test can stop or cut in mid-sentence."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from struct import unpack_from

from psycopg.conninfo import conninfo_to_dict, make_conninfo

BEGIN = b"\0begin_batch\0"  # the name of the statement

# An append as it goes over the wire, in messages: what has been sent after so many of them.
NOTHING = 0
HALF_OF_BEGIN = 2
LOCK = 6
LOCK_AND_SYNC = 7  # of a long append only
APPEND = 9
ALL_BUT_COMMIT = 11
ALL_BUT_SYNC = 12
EVERYTHING = 13


class Wire:
    """Passes everything on, until it is told when to stop doing so."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.url = ""
        self.stopped = asyncio.Event()
        self._server = server
        self._limit: int | None = None
        self._extra = 0
        self._seen = b""
        self._ends: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None] | None] = set()

    def stop_after(self, messages: int, extra: int = 0) -> None:
        """Pass on so many messages of the next append, and so many bytes of the one after.

        Then nothing is passed on any more, in either direction, as if who sends had been stopped.
        """
        self._limit, self._extra = messages, extra

    def cut(self) -> None:
        """Close all connections, and pass on what comes over new ones."""
        self._limit, self._seen = None, b""
        self.stopped.clear()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take a client, and connect it to the server."""
        self._tasks.add(asyncio.current_task())
        back, forth = await asyncio.open_connection(*self._server)
        self._ends |= {writer, forth}
        await asyncio.gather(self._pass(reader, forth, asks=True), self._pass(back, writer))
        for end in (writer, forth):
            end.close()

    async def close(self) -> None:
        """Close all connections for good."""
        self.cut()
        await asyncio.gather(*filter(None, self._tasks), return_exceptions=True)

    async def _pass(
        self, source: StreamReader, target: StreamWriter, *, asks: bool = False
    ) -> None:
        try:
            while data := await source.read(65536):
                if part := self._let_through(data, asks=asks):
                    target.write(part)
            target.write_eof()
        except OSError:
            pass  # it was cut

    def _let_through(self, data: bytes, *, asks: bool) -> bytes:
        if self.stopped.is_set():
            return b""
        if self._limit is None or not asks or not (self._seen or BEGIN in data):
            return data
        before, self._seen = len(self._seen), self._seen + data
        end = _end_of(self._seen, self._limit)
        if end is None:
            return data
        self.stopped.set()
        return self._seen[before : end + self._extra]


def _end_of(sent: bytes, messages: int) -> int | None:
    """Say where so many messages end: each is a letter, its length, and its content."""
    end = 0
    for _ in range(messages):
        if len(sent) < end + 5:
            return None
        end += 1 + int(unpack_from("!i", sent, end + 1)[0])
    return end if len(sent) >= end else None


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """Lay a wire to a database; `wire.url` is the database at its other end."""
    parts = conninfo_to_dict(url)
    laid = Wire((str(parts["host"]), int(parts["port"] or 5432)))
    server = await asyncio.start_server(laid.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    plain = {"sslmode": "disable", "gssencmode": "disable"}
    laid.url = make_conninfo(url, host="127.0.0.1", port=port, **plain)
    try:
        yield laid
    finally:
        server.close()
        await laid.close()
        await server.wait_closed()
