"""The way to the payment provider: a kept session, a breaker, and nothing done a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import aiohttp
import stripe

from ecommerce.adapters.breaker import Breaker, guard
from ecommerce.store.calls import KeySpent, NotBegun

T = TypeVar("T")

TIMEOUT: Final = aiohttp.ClientTimeout(total=20, sock_connect=2)
"""Seconds; a charge takes the provider a few."""
RETRIES: Final = 1
"""By the SDK, under the same idempotency key; the worker's own come after."""
FAILURES: Final = 5
REOPENS_AFTER: Final = timedelta(seconds=5)
PAUSE: Final = 1.0
"""Seconds until a provider that takes no connection is tried again."""
KEYS_LIVE: Final = timedelta(hours=23)
"""How long the provider is sure to know an idempotency key: Stripe keeps them for a day."""


class Unsettled(Exception):
    """The provider has not decided yet: ask again under the same key."""


class Provider:
    """The provider's API behind a breaker."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.api = client.v1
        self._breaker = Breaker(
            fail_max=FAILURES,
            timeout_duration=REOPENS_AFTER,
            exclude=[Unsettled, KeySpent, stripe.InvalidRequestError, stripe.IdempotencyError],
            name="payment provider",
        )

    async def once(
        self,
        since: datetime,
        act: Callable[[], Awaitable[T]],
        look: Callable[[], Awaitable[T | None]],
    ) -> T:
        """Act under an idempotency key that is in use since then, or find that it is done already.

        `look` asks the provider for what was done. Raises `NotBegun` where nothing was sent, and
        `KeySpent` where the provider has an error stored under the key and nothing is done.
        """
        attempt = _Attempt()
        _attempt.set(attempt)
        try:
            return await guard(self._breaker, _once, since, act, look)
        except stripe.APIConnectionError as error:
            if attempt.sent:
                raise
            raise NotBegun(PAUSE) from error


@asynccontextmanager
async def open_provider(url: str, key: str) -> AsyncIterator[Provider]:
    """Open a session with the provider, which is let go of at the end."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        http = stripe.AIOHTTPClient(timeout=TIMEOUT, session=session)
        yield Provider(
            stripe.StripeClient(
                key, base_addresses={"api": url}, http_client=http, max_network_retries=RETRIES
            )
        )


async def _once(
    since: datetime, act: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]]
) -> T:
    # A key that the provider has forgotten would do it a second time.
    forgotten = datetime.now(UTC) - since > KEYS_LIVE
    if forgotten and (done := await look()) is not None:
        return done
    try:
        return await act()
    except stripe.StripeError as error:
        if not _tells_nothing(error):
            raise
        if (done := await look()) is not None:
            return done
        raise KeySpent(str(error)) from error


def _tells_nothing(error: stripe.StripeError) -> bool:
    """Tell an answer that stays the same under this key, whatever was or will be done."""
    return (
        (error.headers or {}).get("idempotent-replayed") == "true"
        or isinstance(error, stripe.IdempotencyError)
        or error.code in {"charge_already_refunded", "payment_intent_unexpected_state"}
    )


class _Attempt:
    """Whether anything of an attempt has gone out, in any of the SDK's own retries."""

    sent = False


_attempt: ContextVar[_Attempt] = ContextVar("attempt")


async def _note(*_: object) -> None:
    _attempt.get().sent = True
