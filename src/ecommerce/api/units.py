"""Turns a request that writes into a unit, and the unit's answer into a response."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from litestar import Request, Response
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import HeaderParameter

from ecommerce.api.caller import Caller
from ecommerce.api.ids import uuid7
from ecommerce.kernel import Command, Value
from ecommerce.store.envelope import Cause
from ecommerce.store.unit import Answer, Unit, digest

T = TypeVar("T")

IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="Under the same key and the same caller a request happens only once, for"
        " 7 days. Without one it happens each time.",
        pattern=r"^[\x20-\x7e]{1,255}$(?!\n)",
    ),
]
CorrelationId: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="X-Correlation-Id",
        description="What the events belong to: their `correlationid`. Made up without it.",
    ),
]

_ID: Final = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_TRACE: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

WRITTEN: Final = (
    ResponseHeader(
        name="Consistency-Token",
        description="Send it with a read, and the read holds what this request wrote.",
        value="orders@1234",
        documentation_only=True,
    ),
    ResponseHeader(
        name="Idempotent-Replayed",
        description="`true` where the request had been carried out before, under the same key.",
        value="true",
        documentation_only=True,
    ),
)
"""The headers of each response to a request that writes."""

LOCATED: Final = ResponseHeader(
    name="Location",
    description="Where to find what was made.",
    value="/orders/7",
    documentation_only=True,
)


class Origin(Value, frozen=True):
    """What a request that writes brings beside its command."""

    key: str
    digest: bytes
    cause: Cause
    caller: Caller

    def unit(self, command: Command, correlation: str | None = None) -> Unit:
        """Make the unit of this request's command, as a part of what `correlation` names."""
        cause = self.cause
        if correlation:
            cause = msgspec.structs.replace(cause, correlation_id=correlation)
        return Unit(self.key, self.digest, cause, command)


async def origin(
    request: Request[Any, Any, Any],
    caller: NamedDependency[Caller],
    idempotency_key: IdempotencyKey = None,
    x_correlation_id: CorrelationId = None,
) -> Origin:
    """Read what a request brings beside its command."""
    return _origin(request, caller, idempotency_key, _sane(x_correlation_id))


async def origin_of_order(
    request: Request[Any, Any, Any],
    caller: NamedDependency[Caller],
    idempotency_key: IdempotencyKey = None,
) -> Origin:
    """Read what a request about an order brings: all of its events belong to the order itself."""
    return _origin(request, caller, idempotency_key, None)


def _origin(
    request: Request[Any, Any, Any], caller: Caller, key: str | None, correlation: str | None
) -> Origin:
    headers = request.headers
    route = f"{request.method} {request.scope['path_template']}"
    return Origin(
        key=f"http:{caller.name}:{route}:{key or uuid7()}",
        digest=digest(f"{request.method} {request.url.path}\n".encode() + _canonical(request)),
        cause=Cause(
            correlation_id=correlation or str(uuid7()),
            causation_id=_sane(headers.get("x-request-id")) or str(uuid7()),
            actor=caller.name,
            traceparent=_sane(headers.get("traceparent"), _TRACE),
        ),
        caller=caller,
    )


def _canonical(request: Request[Any, Any, Any]) -> bytes:
    """Write the same JSON the same way, whatever its spaces and the order of its fields."""
    body: bytes = request.state.body
    try:
        return msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except (msgspec.DecodeError, RecursionError):
        return body


def _sane(value: str | None, form: re.Pattern[str] = _ID) -> str | None:
    return value if value and form.fullmatch(value) else None


def written(
    answer: Answer, content: T, context: str, *, status: int = 200, location: str | None = None
) -> Response[T]:
    """Answer a request whose unit a context has recorded."""
    headers = {"Consistency-Token": f"{context}@{answer.position}"}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    if location:
        headers["Location"] = location
    return Response(content, status_code=status, headers=headers)
