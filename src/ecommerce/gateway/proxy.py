"""Passes a request on to an instance of the context that it is for, and the answer back."""

from __future__ import annotations

from typing import Final

import aiohttp
from litestar.types import Send
from yarl import URL

from ecommerce.api.problems import RETRY_AFTER, Refused, problem, refused
from ecommerce.gateway.incoming import Passed, end_to_end
from ecommerce.gateway.upstreams import Upstream

TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=2, sock_connect=0.5, sock_read=30)
"""Seconds to find a free connection, to make one, and to be answered.

A service may wait for its database twice, for a Consistency-Token and to record, 25 seconds in all,
before it says by itself that it cannot.
"""
PER_INSTANCE: Final = 100
"""Requests at once: an instance that stands still holds up those that are for it, no others."""
KEPT: Final = 30
"""Seconds that an idle connection is kept, less than the services keep it."""


def open_session() -> aiohttp.ClientSession:
    """Open the connections that all requests share."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=PER_INSTANCE, keepalive_timeout=KEPT
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=TIMEOUT,
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Content-Type", "Accept-Encoding", "Accept"),
    )


async def forward(
    session: aiohttp.ClientSession, upstream: Upstream, passed: Passed, send: Send
) -> None:
    """Ask one instance after another until one answers, and send its answer.

    The next is asked where the one before was not reached or has no room, or broke off: a request
    that changes something has a key, and happens once. Raises `Refused` where none has answered.
    """
    failure: Refused | None = None
    for url in upstream.in_turn():
        try:
            answer = await _ask(session, url, passed)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            upstream.failed(url)
            failure = _unreachable()
        except TimeoutError:
            raise _late() from None
        except (aiohttp.ClientError, OSError):
            failure = _broken()
        else:
            return await _answer(answer, passed, send)
    raise failure or _unreachable()


async def _ask(session: aiohttp.ClientSession, url: str, passed: Passed) -> aiohttp.ClientResponse:
    return await session.request(
        passed.method,
        URL(url + passed.target, encoded=True),
        headers=passed.headers,
        data=passed.body or None,
        allow_redirects=False,
    )


async def _answer(answer: aiohttp.ClientResponse, passed: Passed, send: Send) -> None:
    """Send an answer on as it comes. One that breaks off is broken off here too."""
    async with answer:
        headers = [
            header
            for header in end_to_end(answer.raw_headers)
            if header[0] != b"date"  # the server writes its own
        ]
        headers.append((b"x-request-id", passed.request_id.encode("latin-1")))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        more = True
        async for part in answer.content.iter_any():
            more = not answer.content.at_eof()
            await send({"type": "http.response.body", "body": part, "more_body": more})
        if more:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _unreachable() -> Refused:
    told = problem(
        503,
        "No instance of the service can be reached, or takes more now. Try again.",
        "NoInstance",
    )
    return Refused(told, RETRY_AFTER)


def _broken() -> Refused:
    detail = (
        "The service ended the connection without an answer. It may have carried the request out:"
        " look, or send it again under an Idempotency-Key."
    )
    return refused(502, detail, "NoAnswer")


def _late() -> Refused:
    detail = (
        "The service did not answer in time. It may yet carry the request out: look, or send it"
        " again under the same Idempotency-Key."
    )
    return refused(504, detail, "AnswerTooLate")
