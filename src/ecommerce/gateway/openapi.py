"""The description of the whole API, asked of the services and kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import aiohttp
import structlog

from ecommerce.gateway.answers import Document
from ecommerce.gateway.merging import merge
from ecommerce.gateway.upstreams import Upstream, Upstreams

KEPT_FOR: Final = 60.0
"""Seconds after which the services are asked again: they may run newer code."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=2)

log = structlog.get_logger()


class Description:
    """The description of the whole API, kept for a while once every service has been heard."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Mapping[str, Document | None]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: Document = {}
        self._until = float("-inf")

    async def __call__(self) -> Document:
        """Give the description; what a service that cannot be reached does is missing."""
        if self._clock() >= self._until:
            found = await self._fetch()
            told = {context: document for context, document in found.items() if document}
            self._kept = merge(told)
            if len(told) == len(found):
                self._until = self._clock() + KEPT_FOR
        return self._kept


async def fetch_all(
    session: aiohttp.ClientSession, upstreams: Upstreams
) -> dict[str, Document | None]:
    """Ask each context's service to describe itself; none is what could not be reached."""
    found = await asyncio.gather(*(_fetch(session, upstream) for upstream in upstreams.values()))
    return dict(zip(upstreams, found, strict=True))


async def _fetch(session: aiohttp.ClientSession, upstream: Upstream) -> Document | None:
    for url in upstream.in_turn():
        try:
            async with session.get(f"{url}/schema/openapi.json", timeout=TIMEOUT) as answer:
                document: Document = await answer.json()
                return document
        except (aiohttp.ClientError, OSError) as error:
            log.warning("openapi.unreachable", url=url, error=type(error).__name__)
    return None
