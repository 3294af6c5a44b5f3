"""The sandbox provider as the real SDK sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import stripe

from sandboxes import KEY


@asynccontextmanager
async def sdk(url: str, key: str = KEY, **options: Any) -> AsyncIterator[stripe.StripeClient]:
    async with aiohttp.ClientSession() as session:
        http = stripe.AIOHTTPClient(timeout=options.pop("timeout", 5), session=session)
        yield stripe.StripeClient(key, base_addresses={"api": url}, http_client=http, **options)


async def pay(
    client: stripe.StripeClient, order_id: str, key: str | None = None, **changes: Any
) -> stripe.PaymentIntent:
    """Have a good card charged £19.99 at once, or what the changes say."""
    params: Any = {
        "amount": 1999,
        "currency": "gbp",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "metadata": {"order_id": order_id},
    }
    options: stripe.RequestOptions = {"idempotency_key": key} if key else {}
    return await client.v1.payment_intents.create_async(params | changes, options)
