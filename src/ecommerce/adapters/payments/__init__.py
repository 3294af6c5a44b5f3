"""The payment provider: what payments asks of it, and what it tells by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from ecommerce.adapters.payments.charging import charge
from ecommerce.adapters.payments.refunding import refund
from ecommerce.adapters.payments.voiding import void
from ecommerce.adapters.provider import open_provider
from ecommerce.events.payments import PaymentStarted, RefundStarted, VoidStarted
from ecommerce.kernel import Event
from ecommerce.store.calls import Call


@asynccontextmanager
async def calls(url: str, key: str, return_url: str) -> AsyncIterator[Mapping[type[Event], Call]]:
    """Give the handlers of this context's calls, over one kept session and one breaker.

    `return_url` is where customers come back to from their bank.
    """
    async with open_provider(url, key) as provider:
        yield {
            PaymentStarted: charge(provider, return_url),
            VoidStarted: void(provider),
            RefundStarted: refund(provider),
        }
