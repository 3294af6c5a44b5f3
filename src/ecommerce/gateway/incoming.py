"""A request as it comes to the gateway, made ready to be passed on."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final

from litestar.types import HTTPScope, Receive, Scope

from ecommerce.api.app import LARGEST_BODY
from ecommerce.api.ids import uuid7
from ecommerce.api.problems import Refused, refused
from ecommerce.kernel import Value

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"expect",  # the server has answered it already
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers about one connection, which are not passed on."""

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

Headers = list[tuple[str, str]]
RawHeaders = list[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The client went away before its request was complete."""


class Passed(Value, frozen=True):
    """A request as it is passed on."""

    method: str
    target: str
    headers: Headers
    body: bytes

    @property
    def request_id(self) -> str:
        """Name the request, in every service's events and to who sent it."""
        return dict(self.headers)["x-request-id"]


async def accept(scope: HTTPScope, receive: Receive) -> Passed:
    """Read a request and its body. Raises `Refused` where the body is too large."""
    query = scope["query_string"].decode("latin-1")
    path = scope["raw_path"].decode("latin-1")
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in end_to_end(scope["headers"])
        if name != b"host"
    ]
    return Passed(
        method=scope["method"],
        target=f"{path}?{query}" if query else path,
        headers=once(scope["method"], traced(headers)),
        body=await _body(scope, receive),
    )


def end_to_end(raw: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Leave out the headers that are about one connection, those that it names too."""
    headers = [(name.lower(), value) for name, value in raw]
    named = {
        option.strip().lower()
        for name, value in headers
        if name == b"connection"
        for option in value.split(b",")
    }
    left_out = HOP_BY_HOP | named
    return [each for each in headers if each[0] not in left_out]


def traced(headers: Headers) -> Headers:
    """Give a request an id and a trace, unless it has them."""
    there = {name for name, _ in headers}
    made = []
    if "x-request-id" not in there:
        made.append(("x-request-id", str(uuid7())))
    if "traceparent" not in there:
        chance = secrets.token_hex(24)
        made.append(("traceparent", f"00-{chance[:32]}-{chance[32:]}-00"))
    return headers + made


def once(method: str, headers: Headers) -> Headers:
    """Give a request that changes something a key, unless it has one: it may be sent again."""
    if method in READING or any(name == "idempotency-key" for name, _ in headers):
        return headers
    return [*headers, ("idempotency-key", str(uuid7()))]


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Read a body whole: it is small, and it can then be sent again."""
    if _announced(scope) > LARGEST_BODY:
        raise _too_large()
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        parts.append(message["body"])  # uvicorn gives at most 64 KiB at a time
        size, more = size + len(message["body"]), message["more_body"]
        if size > LARGEST_BODY:
            raise _too_large()
    return b"".join(parts)


def _announced(scope: Scope) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


def _too_large() -> Refused:
    return refused(413, f"A request's body is at most {LARGEST_BODY} bytes.")
