"""One description of the whole API, out of those that the services give of themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

import aiohttp
import structlog

from ecommerce.gateway.routes import context_of
from ecommerce.gateway.upstreams import Upstream, Upstreams

KEPT_FOR: Final = 60.0
"""Seconds after which the services are asked again: they may run newer code."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=2)

ABOUT: Final = """
A shop whose services react only to each other's events: `/asyncapi.json` describes those.

A write answers with a `Consistency-Token`; a read that sends it back waits until it can see what
was written. Under the same `Idempotency-Key` a request is carried out once. `X-Caller: name;
scope scope …` says who calls. Every refusal is `application/problem+json` (RFC 9457). The gateway
itself answers 413 to a body of more than a mebibyte, 502 where a service gave no answer, 503 where
none can be reached or has room, and 504 where none came in time.

`x-scope` is the scope that a route needs, `x-owner` whose own things need none: those of the
`placer` of the order, or what the payment `provider` signs. No route refuses a caller for it yet.
"""

Document = dict[str, Any]

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


def merge(documents: Mapping[str, Document]) -> Document:
    """Put descriptions together, by context: what the gateway routes to each, under its name.

    Components are named after their context, for two contexts may call different things the same.
    """
    paths: Document = {}
    schemas: Document = {}
    for context, document in documents.items():
        named = partial(_renamed, context)
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            schemas[f"{context}.{name}"] = named(schema)
        for path, operations in document["paths"].items():
            if context_of(path) == context:
                paths[path] = {
                    method: _operation(context, named(operation))
                    for method, operation in operations.items()
                }
    return {
        "openapi": "3.1.0",
        "info": {"title": "E-commerce", "version": version("ecommerce"), "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": context} for context in documents],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas},
    }


def _renamed(context: str, part: Any) -> Any:
    """Let all references in a part of a document name the context's own components."""
    match part:
        case {"$ref": str(reference), **rest} if reference.startswith("#/components/schemas/"):
            name = reference.rpartition("/")[2]
            return {"$ref": f"#/components/schemas/{context}.{name}", **rest}
        case dict():
            return {name: _renamed(context, value) for name, value in part.items()}
        case list():
            return [_renamed(context, value) for value in part]
        case _:
            return part


def _operation(context: str, operation: Document) -> Document:
    summary, _, description = cleandoc(operation.get("description", "")).partition("\n\n")
    return {
        **operation,
        "operationId": f"{context}_{operation['operationId']}",
        "summary": summary.rstrip("."),
        "description": description,
        "tags": [context],
    }
