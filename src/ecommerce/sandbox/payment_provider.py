"""Stripe in small: a provider for development that the real `stripe` SDK talks to."""

from __future__ import annotations

import asyncio
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
from msgspec import Meta

from ecommerce import telemetry
from ecommerce.api.server import serve_http
from ecommerce.config import read
from ecommerce.kernel import Value
from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.provider import Provider
from ecommerce.sandbox.stopping import LOOPBACK, stop_signal
from ecommerce.sandbox.stripe_routes import app
from ecommerce.sandbox.webhooks import Deliveries

log = structlog.get_logger()


class ProviderSettings(Value, frozen=True):
    """What the sandbox provider can be told; each field is the variable of that name."""

    http_port: Annotated[int, Meta(ge=1, le=65535)]
    payment_key: Annotated[str, Meta(min_length=1)]
    """The secret key that its API is called with."""
    payment_state: Annotated[str, Meta(min_length=1)]
    """The SQLite file that keeps its state."""
    http_host: str = LOOPBACK
    """Loopback, unless it has a network of its own, as in a container."""
    payment_public_url: str = ""
    """Where customers reach its pages; where it listens, if it is empty."""
    payment_webhook_url: str = ""
    """Where the shop takes webhooks; none are sent where it is empty."""
    payment_webhook_secret: str = ""
    """What they are signed with."""
    log_level: str = "info"


def serve() -> None:
    """Be the provider until SIGTERM or SIGINT. Raises `ConfigError`."""
    settings = read(ProviderSettings)
    telemetry.set_up("payment-provider", settings.log_level)
    asyncio.run(_serve(settings))


async def _serve(settings: ProviderSettings) -> None:
    webhooks, host, port = settings.payment_webhook_url, settings.http_host, settings.http_port
    url = settings.payment_public_url or f"http://{host}:{port}"
    with closing(Ledger(Path(settings.payment_state), tells=bool(webhooks))) as ledger:
        deliveries = Deliveries(ledger, webhooks, settings.payment_webhook_secret)
        provider = Provider(ledger, settings.payment_key, url, deliveries.wake)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(deliveries.run())
            say_where = partial(_say_where, host)
            await serve_http(app(provider), host, port, stop_signal(), say_where)
            sending.cancel()


def _say_where(host: str, port: int) -> None:
    url = f"http://{host}:{port}"
    log.info("provider.ready", api=f"{url}/v1", ledger=f"{url}/_sandbox/ledger")
