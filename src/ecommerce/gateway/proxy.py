"""Passes a request on to an instance of the context that it is for, and the answer back."""

from __future__ import annotations

from typing import Final

import aiohttp
from litestar.types import Send

from ecommerce.api.problems import RETRY_AFTER, Refused, problem, refused
from ecommerce.gateway.connection import Broken, Connection
from ecommerce.gateway.connections import Connections, Unreachable
from ecommerce.gateway.incoming import Passed, end_to_end
from ecommerce.gateway.upstreams import Upstream

ITSELF: Final = aiohttp.ClientTimeout(total=10, connect=2, sock_connect=0.5)
"""Seconds for what the gateway asks the services for itself."""


def open_session() -> aiohttp.ClientSession:
    """Open the connections for what the gateway asks the services for itself."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=ITSELF)


async def forward(connections: Connections, upstream: Upstream, passed: Passed, send: Send) -> None:
    """Ask one instance after another until one answers, and send its answer.

    The next is asked where the one before was not reached or has no room, or broke off: a request
    that changes something has a key, and happens once. Raises `Refused` where none has answered.
    """
    failure: Refused | None = None
    for url in upstream.in_turn():
        instance = connections.to(url)
        try:
            answer = await instance.ask(passed)
        except Unreachable:
            upstream.failed(url)
            failure = _unreachable()
        except TimeoutError:
            raise _late() from None
        except Broken:
            failure = _broken()
        else:
            try:
                return await _answer(answer, passed, send)
            finally:
                instance.give_back(answer)
    raise failure or _unreachable()


async def _answer(answer: Connection, passed: Passed, send: Send) -> None:
    """Send an answer on as it comes. One that breaks off is broken off here too."""
    headers = [
        header
        for header in end_to_end(answer.headers)
        if header[0] != b"date"  # the server writes its own
    ]
    headers.append((b"x-request-id", passed.request_id.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    async for part, more in answer.parts():
        await send({"type": "http.response.body", "body": part, "more_body": more})


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
