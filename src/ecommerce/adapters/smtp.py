"""One kept connection to the mail server, made anew when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from ecommerce.adapters.mails import Letter

TIMEOUT: Final = 20.0
"""Seconds for each answer of the server."""

ACCEPTED: Final = 250

PORTS: Final = {"smtp": 25, "smtps": 465}


class MailServer:
    """Hands mails over, one after another."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client
        self._lock = asyncio.Lock()

    async def send(self, letter: Letter) -> int:
        """Hand a mail over, and say with which code the server took it or refused just this one.

        Raises where the server cannot be reached, or wants nothing from us.
        """
        async with self._lock:
            if not self._client.is_connected:
                await self._client.connect()
            try:
                await self._client.sendmail(letter.sender, letter.recipient, letter.document)
            except aiosmtplib.SMTPRecipientsRefused as refusal:
                return refusal.recipients[0].code
            except aiosmtplib.SMTPDataError as refusal:
                return refusal.code
            except BaseException:
                self._client.close()  # half a conversation is not gone on with
                raise
            return ACCEPTED


@asynccontextmanager
async def mail_server(url: str, name: str) -> AsyncIterator[MailServer]:
    """Give the server at `smtp[s]://[user:password@]host[:port]`, to which we go by that name."""
    parts = urlsplit(url)
    client = aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port or PORTS.get(parts.scheme),
        username=parts.username and unquote(parts.username),
        password=parts.password and unquote(parts.password),
        use_tls=parts.scheme == "smtps",
        local_hostname=name,
        timeout=TIMEOUT,
    )
    try:
        yield MailServer(client)
    finally:
        if client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1)
        client.close()
