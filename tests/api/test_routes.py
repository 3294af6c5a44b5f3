"""All routes of all services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from openapi_spec_validator import validate

import web
from ecommerce.api import health
from ecommerce.api.app import application

CONTEXTS = ("catalog", "orders", "inventory", "payments", "notifications", "audit")


def app(context: str) -> Any:
    router = web.routers(web.Loop(), web.Models())[context]
    return application(context, [router, health.router(web.all_is_well)])


def routes(context: str) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app(context).routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/schema"):
            for handler in route.route_handlers:
                if handler.http_methods != {"OPTIONS"}:
                    yield f"{next(iter(handler.http_methods))} {route.path_format}", handler


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_route_names_the_scope_and_the_owner_that_it_needs(context: str) -> None:
    for name, handler in routes(context):
        assert {"scope", "owner"} <= handler.opt.keys(), name
        assert handler.opt["owner"] in {"none", "placer", "provider"}, name
        scope = handler.opt["scope"]
        assert scope is None or scope.partition(":")[1] == ":", name


def test_everything_that_writes_needs_a_scope_or_a_signature() -> None:
    for context in CONTEXTS:
        for name, handler in routes(context):
            if not name.startswith("GET"):
                assert handler.opt["scope"] or handler.opt["owner"] == "provider", name


@pytest.mark.parametrize("context", CONTEXTS)
async def test_each_service_describes_itself(context: str) -> None:
    async with web.client(context) as http:
        answer = await http.get("/schema/openapi.json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    validate(document)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _check(f"{method} {path}", path, method, operation)


def test_the_description_names_the_scope_and_the_owner_of_each_route() -> None:
    told = {
        f"{method.upper()} {path}": (operation["x-scope"], operation["x-owner"])
        for context in CONTEXTS
        for path, operations in app(context).openapi_schema.to_schema()["paths"].items()
        for method, operation in operations.items()
    }
    for context in CONTEXTS:
        for name, handler in routes(context):
            assert told[name] == (handler.opt["scope"] or "none", handler.opt["owner"])
    assert told["GET /orders/{order_id}"] == ("orders:read", "placer")
    assert told["POST /payments/webhooks"] == ("none", "provider")
    assert told["GET /catalog/products"] == ("none", "none")


def _check(name: str, path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"], name
    assert operation["description"], name
    if path.startswith("/health"):
        return
    headers = {param["name"] for param in operation["parameters"] if param["in"] == "header"}
    if path == "/payments/webhooks":
        assert "Stripe-Signature" in headers
    elif path.endswith("/events"):
        assert "Last-Event-ID" in headers
    elif method == "get":
        assert "Consistency-Token" in headers, name
    else:
        assert {"Idempotency-Key", "X-Caller"} <= headers, name
        assert ("X-Correlation-Id" in headers) is not path.startswith("/orders"), name
        successes = [told for code, told in operation["responses"].items() if code[0] == "2"]
        assert "Consistency-Token" in successes[0]["headers"], name
    for code, answer in operation["responses"].items():
        if code[0] in "45":
            assert [*answer["content"]] == ["application/problem+json"], name
