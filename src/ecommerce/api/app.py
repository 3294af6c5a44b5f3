"""The HTTP side of one service."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, Request, Response, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from ecommerce.api.problem_handlers import HANDLERS, allow
from ecommerce.api.schemas import StructSchemas
from ecommerce.api.validation import check_body

LARGEST_BODY: Final = 1024 * 1024
"""Bytes."""


def application(name: str, routers: Iterable[Router]) -> Litestar:
    """Make the application of a service from its routers.

    It describes itself at `/schema/openapi.json`, and answers every failure with problem+json.
    """
    return Litestar(
        [*routers],
        before_request=_before,
        exception_handlers=HANDLERS,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        plugins=[StructSchemas()],
        openapi_config=OpenAPIConfig(
            title=name,
            version=version("ecommerce"),
            path="/schema",
            use_handler_docstrings=True,
            operation_id_creator=lambda handler, *_: handler.handler_name,
            render_plugins=[JsonRenderPlugin()],
        ),
    )


async def _before(request: Request[Any, Any, Any]) -> Response[None] | None:
    if request.method == "OPTIONS":
        return _options(request)
    await check_body(request)
    return None


def _options(request: Request[Any, Any, Any]) -> Response[None]:
    """Say what an address takes. Litestar itself knows one of its routes only."""
    (route,) = (
        route
        for route in request.app.routes
        if isinstance(route, HTTPRoute) and route.path_format == request.scope["path_template"]
    )
    return Response(None, status_code=204, headers=allow(route.methods))
