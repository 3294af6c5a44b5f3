"""Stripe in small: a provider for development that the real `stripe` SDK talks to."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import structlog
from msgspec import Meta

from ecommerce import telemetry
from ecommerce.config import read
from ecommerce.kernel import Value
from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.listener import serve_until_stopped
from ecommerce.sandbox.provider import Provider
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
    http_host: str = "127.0.0.1"
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
    url = f"http://{settings.http_host}:{settings.http_port}"
    webhooks = settings.payment_webhook_url
    ledger = Ledger(Path(settings.payment_state), tells=bool(webhooks))
    deliveries = Deliveries(ledger, webhooks, settings.payment_webhook_secret)
    provider = Provider(ledger, settings.payment_key, deliveries.wake)
    log.info("provider.starting", api=f"{url}/v1", ledger=f"{url}/_sandbox/ledger")
    with contextlib.closing(ledger):
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(deliveries.run())
            await serve_until_stopped(app(provider), settings.http_host, settings.http_port)
            sending.cancel()
