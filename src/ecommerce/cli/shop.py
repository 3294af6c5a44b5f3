"""The shop as its HTTP API shows it to a patient client, one that waits out what passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from random import uniform
from time import monotonic
from typing import Any, Final

import aiohttp
import msgspec

from ecommerce.kernel import Value

PATIENCE: Final = 120.0
"""Seconds for which a request is repeated while the shop is out of reach or too busy."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
PASSING: Final = frozenset({502, 503, 504})

Parameters = Sequence[tuple[str, str]]


class Unreachable(Exception):
    """The shop gave no answer for longer than we are patient."""


class _NotNow(Exception):
    """This passes: ask again, after so many seconds at least."""

    def __init__(self, trouble: str, seconds: float = 0) -> None:
        super().__init__(trouble)
        self.seconds = seconds


class Problem(Exception):
    """The shop refused a request; `kind` is the name of its reason, such as `key-reused`."""

    def __init__(self, request: Request, status: int, body: Any) -> None:
        told = body if isinstance(body, dict) else {}
        self.status = status
        self.kind = str(told.get("type", "")).rstrip("/").rpartition("/")[2]
        words = [str(told.get("title", f"HTTP {status}")), str(told.get("detail", ""))]
        words += [f"{fault.get('field')} {fault.get('message')}" for fault in _faults(told)]
        super().__init__(": ".join(word for word in (str(request), *words) if word))


class Request(Value, frozen=True):
    """What is asked of the shop, safe to ask again. Its path begins after the shop's own URL."""

    method: str
    path: str
    params: Parameters = ()
    headers: Parameters = ()
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} /{self.path}"


class Reply(Value, frozen=True):
    """What the shop answered. A replayed answer was given before, to the same key."""

    body: Any
    location: str = ""
    replayed: bool = False


class Shop:
    """A connection to the shop. What it wrote in a context can be waited for."""

    def __init__(self, session: aiohttp.ClientSession, patience: float) -> None:
        self._session = session
        self._patience = patience
        self._written: dict[str, int] = {}

    async def get(self, path: str, params: Parameters = (), patience: float | None = None) -> Any:
        """Read. Raises `Problem` and `Unreachable`, as all of these do."""
        return (await self._send(Request("GET", path, params), patience)).body

    async def put(self, path: str, body: Any) -> Reply:
        """Set."""
        return await self._send(Request("PUT", path, body=body))

    async def delete(self, path: str, *, key: str) -> Reply:
        """Take away once under a key."""
        return await self._send(Request("DELETE", path, headers=[("Idempotency-Key", key)]))

    async def post(self, path: str, body: Any, *, key: str, after: str = "") -> Reply:
        """Write once under a key, on what the shop knows `after` our writes in that context."""
        headers = [("Idempotency-Key", key)]
        if after in self._written:
            headers.append(("Consistency-Token", f"{after}@{self._written[after]}"))
        return await self._send(Request("POST", path, headers=headers, body=body))

    async def _send(self, request: Request, patience: float | None = None) -> Reply:
        limit = self._patience if patience is None else patience
        give_up, pauses = monotonic() + limit, _pauses()
        while True:
            try:
                return await self._try(request)
            except _NotNow as trouble:
                pause = max(next(pauses), trouble.seconds)
                if monotonic() + pause > give_up:
                    raise Unreachable(f"{request}: {trouble} (for {limit:.0f} s)") from trouble
                await asyncio.sleep(pause)

    async def _try(self, request: Request) -> Reply:
        headers = dict(request.headers)
        data = None if request.body is None else msgspec.json.encode(request.body)
        if data:
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                request.method, request.path, params=request.params, headers=headers, data=data
            ) as response:
                return self._read(request, response, await response.read())
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise _NotNow(str(error)) from error
        except TimeoutError as error:
            raise _NotNow("no answer in time") from error

    def _read(self, request: Request, response: aiohttp.ClientResponse, content: bytes) -> Reply:
        headers = response.headers
        if response.status in PASSING:
            raise _NotNow(f"HTTP {response.status}", _seconds(headers.get("Retry-After", "")))
        body = _decode(content)
        if not response.ok:
            raise Problem(request, response.status, body)
        self._remember(headers.get("Consistency-Token", ""))
        replayed = headers.get("Idempotent-Replayed") == "true"
        return Reply(body, headers.get("Location", ""), replayed)

    def _remember(self, token: str) -> None:
        for part in filter(None, token.split(",")):
            context, _, position = part.strip().partition("@")
            if position.isdecimal():
                self._written[context] = max(int(position), self._written.get(context, 0))


@asynccontextmanager
async def connect(
    gateway: str, caller: str, *, patience: float = PATIENCE, connections: int = 32
) -> AsyncIterator[Shop]:
    """Open the shop under a caller's name and scopes, written `name; scope scope …`."""
    async with aiohttp.ClientSession(
        base_url=gateway,
        headers={"X-Caller": caller},
        timeout=TIMEOUT,
        connector=aiohttp.TCPConnector(limit=connections),
    ) as session:
        yield Shop(session, patience)


def _faults(problem: dict[str, Any]) -> list[dict[str, Any]]:
    return [fault for fault in problem.get("errors") or () if isinstance(fault, dict)]


def _pauses() -> Iterator[float]:
    pause = 0.2
    while True:
        yield pause * uniform(0.5, 1)  # noqa: S311 -- spreads requests, keeps no secret
        pause = min(pause * 2, 5.0)


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdecimal() else 0.0


def _decode(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        return None
