"""Which context answers which path."""

from __future__ import annotations

import re
from typing import Final

from ecommerce.kernel import Value


class Route(Value, frozen=True):
    """Paths of one form, and the context that they are for."""

    pattern: str
    """`{…}` is one part of a path, `…/*` is a path and all below it."""
    context: str


ROUTES: Final = (
    Route("/catalog/*", "catalog"),
    Route("/inventory/*", "inventory"),
    Route("/notifications/*", "notifications"),
    Route("/orders/{id}/events", "audit"),
    Route("/orders/{id}/timeline", "audit"),
    Route("/orders/*", "orders"),
    Route("/payments/*", "payments"),
    Route("/reports/*", "orders"),
    Route("/sagas/*", "audit"),
)
"""The first that fits counts."""


def _compiled(pattern: str) -> re.Pattern[str]:
    form = re.sub(r"\{\w+\}", "[^/]+", pattern).replace("/*", "(?:/.*)?")
    return re.compile(form)


_TABLE: Final = [(_compiled(route.pattern), route.context) for route in ROUTES]


def context_of(path: str) -> str | None:
    """Say which context a path is for; the gateway's own are for none."""
    return next((context for form, context in _TABLE if form.fullmatch(path)), None)
