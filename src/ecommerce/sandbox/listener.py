"""Runs a sandbox server until the process is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import uvicorn
from litestar import Litestar


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `stop_signal`."""
        yield


def stop_signal() -> asyncio.Event:
    """Make an event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def serve_until_stopped(app: Litestar, host: str, port: int) -> None:
    """Answer HTTP until the process is told to stop, then finish what is being answered."""
    config = uvicorn.Config(
        app, host, port, access_log=False, log_level="warning", timeout_graceful_shutdown=3
    )
    server, stopping = _Server(config), stop_signal()
    serving = asyncio.create_task(server.serve())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopped.cancel()
    await serving
