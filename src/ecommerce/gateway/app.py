"""The public door: passes each request to the context that it is for, and has a few own pages."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from ecommerce.api.problems import MEDIA_TYPE, Refused
from ecommerce.gateway.incoming import ClientGone, accept
from ecommerce.gateway.openapi import Description, fetch_all
from ecommerce.gateway.pages import pages
from ecommerce.gateway.proxy import forward
from ecommerce.gateway.room import Room
from ecommerce.gateway.routes import context_of
from ecommerce.gateway.upstreams import Upstream, Upstreams

READY_WITHIN: Final = aiohttp.ClientTimeout(total=2)

log = structlog.get_logger()


def application(session: aiohttp.ClientSession, upstreams: Upstreams) -> ASGIApp:
    """Make the gateway over the instances of each context."""
    describe = Description(partial(fetch_all, session, upstreams))
    own = pages(describe, partial(check_all, session, upstreams))
    room = Room()

    async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and (context := _context(scope)):
            try:
                with room.taken():
                    passed = await accept(scope, receive)
                    await forward(session, upstreams[context], passed, send)
            except Refused as refusal:
                await _send(refusal, send)
            except ClientGone:
                return
            except (aiohttp.ClientError, OSError) as error:
                # The answer had begun, so it cannot become a problem: the server breaks it off.
                log.warning("gateway.answer_broke_off", error=type(error).__name__)
        else:
            await own(scope, receive, send)

    return gateway


def _context(scope: Scope) -> str | None:
    return context_of(scope["raw_path"].decode("latin-1"))


async def _send(refusal: Refused, send: Send) -> None:
    body = msgspec.json.encode(refusal.problem)
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        **(refusal.headers or {}),
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def check_all(session: aiohttp.ClientSession, upstreams: Upstreams) -> dict[str, bool]:
    """Look whether each context has an instance that is ready."""
    found = await asyncio.gather(*(_check(session, upstream) for upstream in upstreams.values()))
    return dict(zip(upstreams, found, strict=True))


async def _check(session: aiohttp.ClientSession, upstream: Upstream) -> bool:
    return any(await asyncio.gather(*(_ready(session, url) for url in upstream.urls)))


async def _ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/health/ready", timeout=READY_WITHIN) as answer:
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, OSError):
        return False
