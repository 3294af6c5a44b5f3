"""Whether a service lives, and whether it is ready to be used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from ecommerce.api.caller import needs
from ecommerce.api.given import given
from ecommerce.kernel import Value

Checks: TypeAlias = Callable[[], Awaitable[Mapping[str, bool | str]]]
"""Looks at all that a service needs, by name: whether it is as it must be, or what is wrong."""


class Life(Value, frozen=True):
    """The process answers."""

    live: bool = True


class Readiness(Value, frozen=True):
    """Whether all that is needed is there, and which of it is not, or why not."""

    ready: bool
    checks: Mapping[str, bool | str]


@get("/health/live", **needs(None), sync_to_thread=False)
def live() -> Life:
    """Say that the process answers."""
    return Life()


@get("/health/ready", **needs(None))
async def ready(checks: NamedDependency[SkipValidation[Checks]]) -> Response[Readiness]:
    """Say whether the service can be used, and what it waits for (503 while it cannot)."""
    found = await checks()
    readiness = Readiness(all(holds is True for holds in found.values()), found)
    return Response(readiness, status_code=200 if readiness.ready else 503)


def router(checks: Checks) -> Router:
    """Make the routes that tell of a service's health."""
    return Router(
        "/",
        route_handlers=[live, ready],
        tags=["health"],
        dependencies=given(checks=checks),
    )
