"""Runs the gateway as a process."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import structlog
import uvloop

from ecommerce.api.server import is_loopback, serve_http
from ecommerce.config import GatewaySettings, read
from ecommerce.gateway.app import application
from ecommerce.gateway.proxy import open_session
from ecommerce.gateway.upstreams import Upstream
from ecommerce.telemetry import set_up

CONTEXTS: Final = ("catalog", "orders", "inventory", "payments", "notifications", "audit")

log = structlog.get_logger()


def serve() -> None:
    """Run the gateway until it is told to stop. Raises `ConfigError`."""
    settings = read(GatewaySettings)
    set_up("gateway", settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings))


async def _run(settings: GatewaySettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    upstreams = {context: Upstream(getattr(settings, f"{context}_url")) for context in CONTEXTS}
    async with open_session() as session:
        app = application(session, upstreams)
        await serve_http(
            app, settings.http_host, settings.http_port, stop, lambda port: _say(settings, port)
        )
    log.info("gateway.stopped")


def _say(settings: GatewaySettings, port: int) -> None:
    url = f"http://{settings.http_host}:{port}"
    log.info("gateway.listens", url=url, docs=f"{url}/schema", trusts_every_caller=True)
    if not is_loopback(settings.http_host):
        log.warning("gateway.open_to_others", why="every caller is believed: X-Caller is no proof")
