"""Tells the shop what happened at the sandbox provider, until it has taken it."""

from __future__ import annotations

import asyncio
import hmac
import time
from contextlib import suppress
from typing import Final

import aiohttp
import structlog

from ecommerce.sandbox.ledger import Ledger, Webhook

AT_ONCE: Final = 16
TIMEOUT: Final = aiohttp.ClientTimeout(total=5)
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 60.0
GIVE_UP_AFTER: Final = 3 * 24 * 3600.0

log = structlog.get_logger()


class Deliveries:
    """Sends the queued webhooks, signed as Stripe signs them, to one URL."""

    def __init__(self, ledger: Ledger, url: str, secret: str) -> None:
        self._ledger = ledger
        self._url = url
        self._secret = secret
        self._queued = asyncio.Event()

    def wake(self) -> None:
        """Say that a webhook may have been queued."""
        self._queued.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            while True:
                self._queued.clear()
                if due := self._ledger.due(AT_ONCE):
                    await asyncio.gather(*(self._deliver(session, webhook) for webhook in due))
                else:
                    await self._rest()

    async def _rest(self) -> None:
        next_due = self._ledger.next_due()
        pause = None if next_due is None else max(0.0, next_due - time.time())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queued.wait(), pause)

    async def _deliver(self, session: aiohttp.ClientSession, webhook: Webhook) -> None:
        if await self._is_taken(session, webhook):
            self._ledger.drop(webhook)
        elif time.time() - webhook.created > GIVE_UP_AFTER:
            log.warning("webhook.given_up", event_id=webhook.id, attempts=webhook.attempts)
            self._ledger.drop(webhook)
        else:
            pause = FIRST_PAUSE * 2 ** min(webhook.attempts, 10)
            self._ledger.put_off(webhook, min(LONGEST_PAUSE, pause))

    async def _is_taken(self, session: aiohttp.ClientSession, webhook: Webhook) -> bool:
        headers = {
            "content-type": "application/json",
            "stripe-signature": signature(self._secret, webhook.body, int(time.time())),
        }
        try:
            async with session.post(self._url, data=webhook.body, headers=headers) as answer:
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False


def signature(secret: str, body: str, at: int) -> str:
    """Make the `Stripe-Signature` of a webhook sent at that time (seconds since 1970)."""
    signed = hmac.new(secret.encode(), f"{at}.{body}".encode(), "sha256").hexdigest()
    return f"t={at},v1={signed}"
