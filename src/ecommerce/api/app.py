"""The HTTP side of one service."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Final

from litestar import Litestar, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from ecommerce.api.problems import HANDLERS
from ecommerce.api.validation import check_body

LARGEST_BODY: Final = 1024 * 1024
"""Bytes."""


def application(name: str, routers: Iterable[Router]) -> Litestar:
    """Make the application of a service from its routers.

    It describes itself at `/schema/openapi.json`, and answers every failure with problem+json.
    """
    return Litestar(
        [*routers],
        before_request=check_body,
        exception_handlers=HANDLERS,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title=name,
            version=version("ecommerce"),
            path="/schema",
            use_handler_docstrings=True,
            operation_id_creator=lambda handler, *_: handler.handler_name,
            render_plugins=[JsonRenderPlugin()],
        ),
    )
