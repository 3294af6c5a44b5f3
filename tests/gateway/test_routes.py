"""The gateway's table of routes, against the services' own."""

from __future__ import annotations

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

import web
from ecommerce.gateway.routes import context_of


@pytest.mark.parametrize("context", ["catalog", "orders", "inventory", "payments", "audit"])
def test_each_route_of_each_service_is_reached_through_the_gateway(context: str) -> None:
    router = web.routers(web.Loop(), web.Models())[context]
    paths = [
        route.path_format
        for route in Litestar([router], openapi_config=None, logging_config=None).routes
        if isinstance(route, HTTPRoute)
    ]
    assert paths
    assert {path: context_of(path) for path in paths} == dict.fromkeys(paths, context)


@pytest.mark.parametrize(
    ("path", "context"),
    [
        ("/orders", "orders"),
        ("/orders/7", "orders"),
        ("/orders/7/timeline", "audit"),
        ("/orders/7/timeline/x", "orders"),
        ("/orders/7/8/timeline", "orders"),
        ("/orders/timeline", "orders"),
        ("/ordersx", None),
        ("/health/ready", None),
        ("/schema/openapi.json", None),
        ("/", None),
    ],
)
def test_paths_are_told_apart_by_their_form(path: str, context: str | None) -> None:
    assert context_of(path) == context
