"""The gateway's own pages: where things are, whether all is well, what to ask, what to hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from litestar import Litestar, MediaType, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, SkipValidation

from ecommerce.api import health
from ecommerce.api.caller import needs
from ecommerce.api.problem_handlers import HANDLERS
from ecommerce.api.problem_types import TYPES, ProblemType
from ecommerce.bus.asyncapi.document import document
from ecommerce.contexts import CONTEXTS

Describe = Callable[[], Awaitable[dict[str, Any]]]

_OURS: Final = files("ecommerce.gateway") / "ui"
_SWAGGER: Final = files("swagger_ui") / "static"

ASSETS: Final = {
    "start.js": (_OURS, "text/javascript"),
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript"),
    "swagger-ui.css": (_SWAGGER, "text/css"),
    "favicon-32x32.png": (_SWAGGER, "image/png"),
}
"""What the page loads, all of it from here: where it lies and what it is."""

POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    )
}
"""The page may load nothing from elsewhere; its script sets styles by itself."""


@get("/", **needs(None), sync_to_thread=False)
def index() -> dict[str, str]:
    """Say where things are."""
    return {
        "name": "E-commerce",
        "version": version("ecommerce"),
        "docs": "/schema",
        "openapi": "/schema/openapi.json",
        "asyncapi": "/asyncapi.json",
        "problems": "/problems",
        "ready": "/health/ready",
        "products": "/catalog/products",
        "orders": "/orders",
    }


@get("/schema", **needs(None), media_type=MediaType.HTML, sync_to_thread=False)
def docs() -> Response[str]:
    """Show the API's description to people."""
    page = (_OURS / "index.html").read_text("utf-8")
    return Response(page, media_type=MediaType.HTML, headers=POLICY)


@get("/schema/openapi.json", **needs(None))
async def description(describe: NamedDependency[SkipValidation[Describe]]) -> dict[str, Any]:
    """Describe the API to machines (OpenAPI 3.1)."""
    return await describe()


@get("/asyncapi.json", **needs(None), sync_to_thread=True)
def events() -> dict[str, Any]:
    """Describe all events that the shop publishes (AsyncAPI 3.0)."""
    return _events()


@cache
def _events() -> dict[str, Any]:
    return document(context.member for context in CONTEXTS.values())


@get("/problems", **needs(None), sync_to_thread=False)
def problem_types() -> list[ProblemType]:
    """List the kinds of problems that a request can meet, and what to do about each."""
    return [*TYPES.values()]


@get("/problems/{name:str}", **needs(None), sync_to_thread=False)
def problem_type(name: FromPath[str]) -> ProblemType:
    """Tell what a kind of problem means: what the `type` of a problem is the address of."""
    for each in TYPES.values():
        if each.type == f"/problems/{name}":
            return each
    raise NotFoundException(f"There is no kind of problem called {name}.")


@get("/schema/ui/{name:str}", **needs(None), sync_to_thread=True)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Give what the page loads."""
    if name not in ASSETS:
        raise NotFoundException(f"There is no file {name}.")
    folder, kind = ASSETS[name]
    kept = {"Cache-Control": "public, max-age=3600"}
    return Response((folder / name).read_bytes(), media_type=kind, headers=kept)


def pages(describe: Describe, checks: health.Checks) -> Litestar:
    """Make the application that serves the gateway's own pages."""
    schema = Router(
        "/",
        route_handlers=[
            index,
            docs,
            description,
            events,
            problem_types,
            problem_type,
            asset,
        ],
        dependencies={"describe": Provide(lambda: describe, sync_to_thread=False)},
    )
    return Litestar(
        [schema, health.router(checks)],
        exception_handlers=HANDLERS,
        logging_config=None,
        openapi_config=None,
    )
