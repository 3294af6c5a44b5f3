"""Runs an application in a process that does other things too, and ends when it is told to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, Final

import msgspec
import uvicorn
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ecommerce.api.problems import MEDIA_TYPE, RETRY_AFTER, problem

GRACE: Final = 5
"""Seconds that a response has to end in once the process is told to stop."""
KEEP_ALIVE: Final = 75
"""Seconds; longer than the gateway keeps a connection, so that it never meets a closed one."""


class _Server(uvicorn.Server):
    """uvicorn, which leaves signals to the process and says when it listens."""

    on_started: Callable[[], None]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self.on_started()


async def serve_http(
    app: ASGIApp,
    host: str,
    port: int,
    stop: asyncio.Event,
    on_started: Callable[[int], None] = lambda _: None,
) -> None:
    """Serve until `stop` is set; `on_started` is told the port, which 0 leaves to the system.

    Raises `OSError` where the port is taken.
    """
    with socket.create_server((host, port), backlog=2048) as listener:
        listener.setblocking(False)  # noqa: FBT003 -- the standard library's own signature
        server = _Server(_config(_answering_all(_headless(app))))
        server.on_started = lambda: on_started(listener.getsockname()[1])
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            server.should_exit = True
            await serving


def is_loopback(host: str) -> bool:
    """Tell an address that only this machine reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _headless(app: ASGIApp) -> ASGIApp:
    """Take HEAD for GET: the server leaves the body of the answer out by itself."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await app(scope, receive, send)

    return ask


def _answering_all(app: ASGIApp) -> ASGIApp:
    """Answer a request that outlasts the grace as what it is: not now, not a fault of ours."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, note)
        except asyncio.CancelledError:
            if begun:
                raise
            await _say_stopped(send)

    return answer


async def _say_stopped(send: Send) -> None:
    detail = (
        "The process was stopped before it had an answer. It may have carried the request out:"
        " look, or send it again under the same Idempotency-Key."
    )
    told = {"Content-Type": MEDIA_TYPE, **RETRY_AFTER}
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    body = msgspec.json.encode(problem(503, detail, "Stopped"))
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
