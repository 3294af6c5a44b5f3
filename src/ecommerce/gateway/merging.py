"""One description of the whole API, out of those that the services give of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

from ecommerce.gateway.answers import Document, add, answers, link, share_examples
from ecommerce.gateway.routes import context_of

ABOUT: Final = """
A shop whose services react only to each other's events: `/asyncapi.json` describes those.

**Reading what was written.** A write answers with a `Consistency-Token`; a read that sends it back
waits until it can see what was written, five seconds at most.

**Sending again.** Under the same `Idempotency-Key` a request is carried out once, and answered the
same again, with `Idempotent-Replayed: true`.

**Editing.** A product has an `ETag`; sent back as `If-Match`, it changes nothing that somebody else
has changed since (412).

**Waiting.** An order is taken at once (202), and decided soon after. `Prefer: wait=5` waits for the
outcome (201). `GET /orders/{order_id}/events` sends what happens as server-sent events, and goes on
after `Last-Event-ID`.

**Lists** have at most 100 items on a page; `Link` and `next` lead to the next page.

**Problems.** Every refusal is `application/problem+json` (RFC 9457). Its `type` is an address that
tells what it means and what to do: `/problems` lists all. Where the status alone says it (404, 405,
413, 500), `type` is `about:blank`, and `detail` says the rest. Where `Retry-After` is sent (503),
the same request may do after so many seconds.

`HEAD` answers as `GET` does, without the body. `X-Caller: name; scope scope …` says who calls.
`x-scope` is the scope that a route needs, `x-owner` whose own things need none: those of the
`placer` of the order, or what the payment `provider` signs. Routes do not ask for it yet, but for
these: without `orders:cancel`, somebody else's order is not found by who would cancel it (404);
without `orders:read`, a list of orders has one's own alone; a new order takes `charges`,
`placed_at` and `reference` only with `orders:import` (403), and other prices than the current ones
only with `orders:price` (409).
""".strip()

COMMON: Final = frozenset({"Problem", "Fault"})
"""What all contexts call the same, and mean the same by."""

_SCHEMAS: Final = "#/components/schemas/"


def merge(documents: Mapping[str, Document]) -> Document:
    """Put descriptions together, by context: what the gateway routes to each, under its name.

    Components are named after their context, for two contexts may call different things the same.
    """
    paths = {path: told for each in documents.items() for path, told in _paths(*each)}
    operations = [operation for told in paths.values() for operation in told.values()]
    link({operation["operationId"]: operation for operation in operations})
    own, examples = answers(), Document()
    for responses in (own, *(operation["responses"] for operation in operations)):
        share_examples(responses, examples)
    schemas = {name: told for each in documents.items() for name, told in _schemas(*each)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "E-commerce", "version": version("ecommerce"), "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": context} for context in documents],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, "responses": own, "examples": examples},
    }


def _schemas(context: str, document: Document) -> Iterator[tuple[str, Document]]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield _name(context, name), _renamed(context, schema)


def _paths(context: str, document: Document) -> Iterator[tuple[str, Document]]:
    for path, told in document["paths"].items():
        if context_of(path) == context:
            renamed = _renamed(context, told)
            yield path, {method: _operation(context, it) for method, it in renamed.items()}


def _name(context: str, name: str) -> str:
    """Name a component; a page of products is called so, without the module of products."""
    short = re.sub(r"_(?:\w+\.)+", "_", name).rstrip("_")
    return short if short in COMMON else f"{context}.{short}"


def _renamed(context: str, part: Any) -> Any:
    """Let all references in a part of a document name the context's own components."""
    match part:
        case {"$ref": str(reference), **rest} if reference.startswith(_SCHEMAS):
            name = _name(context, reference.removeprefix(_SCHEMAS))
            return {"$ref": f"{_SCHEMAS}{name}", **rest}
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
        "responses": add(operation["responses"]),
    }
