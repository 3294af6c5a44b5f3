"""Who calls, and what each route asks of them: the one place that knows how callers are told.

Until accounts exist a caller is believed: services listen on loopback only.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Final, Literal

from litestar.params import HeaderParameter

from ecommerce.api.described import Described
from ecommerce.api.problems import Fault, invalid
from ecommerce.kernel import Value

_HEADER: Final = r"^([A-Za-z0-9][A-Za-z0-9._@\-]{0,63})(?:;([a-z: ]*))?$(?!\n)"


class Caller(Value, frozen=True):
    """Who sent a request, and what they may do."""

    name: str = "anonymous"
    scopes: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Say whether the caller has a scope."""
        return scope in self.scopes


async def caller(
    x_caller: Annotated[
        str | None,
        HeaderParameter(
            name="X-Caller",
            description="Who calls, as `name; scope scope …`; without it `anonymous`, no scopes.",
            schema_extra={"pattern": _HEADER},
        ),
    ] = None,
) -> Caller:
    """Read who calls. Raises `Refused`."""
    if x_caller is None:
        return Caller()
    match = re.match(_HEADER, x_caller.strip())
    if not match:
        raise invalid([Fault("X-Caller", "is like `ann; orders:read orders:price`")], 400)
    return Caller(match[1], frozenset((match[2] or "").split()))


Owner = Literal["none", "placer", "provider"]
"""Whom a route's things belong to: nobody, who placed the order, or the payment provider."""


def needs(scope: str | None, owner: Owner = "none") -> dict[str, Any]:
    """Name the scope that a route needs, and whose own things need no scope, to us and to clients.

    `None` is a route for everybody. With the owner `placer`, who placed an order needs no scope
    for it; what the `provider` sends is proved by its signature instead.
    """
    return {
        "opt": {"scope": scope, "owner": owner},
        "operation_class": partial(Described, scope=scope or "none", owner=owner),
    }
