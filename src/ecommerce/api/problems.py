"""Every refusal and failure as problem+json (RFC 9457): what happened, and what can be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    ValidationException,
)
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from msgspec import Struct, to_builtins
from psycopg import Error as StoreError

from ecommerce.api.fault_words import in_words
from ecommerce.api.problem_types import ANYWHERE, TYPES, title_of, type_of
from ecommerce.kernel import Rejected, Value
from ecommerce.projections.reader import BadToken, NotYet
from ecommerce.store.connection import is_outage
from ecommerce.store.unit import KeyReused, LoopFull, LoopStopped, StoreUnavailable

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = {"Retry-After": "1"}
"""Seconds; a client that is told to wait longer only makes an outage longer."""

NOWHERE: Final = "There is nothing at this address; `/schema` tells what there is."

_MISSING: Final = re.compile(r"Missing required \w+ parameter '(.+?)'")

log = structlog.get_logger()


class Fault(Value, frozen=True):
    """What is wrong with one field, named as in `lines[0].quantity`."""

    field: str
    message: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """A refusal or a failure. `type` tells machines which; `errors` names each field at fault."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: tuple[Fault, ...] = ()


class Refused(Exception):
    """The request is answered with this problem."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.headers = headers


Handler: TypeAlias = Callable[[Request[Any, Any, Any], Any], Response[Any]]


def problem(
    status: int, detail: str | None, kind: str = "", errors: Iterable[Fault] = ()
) -> Problem:
    """Make a problem; `kind` is one of `TYPES`, or none where the status says it all."""
    if not kind:
        return Problem("about:blank", HTTPStatus(status).phrase, status, detail, tuple(errors))
    return Problem(type_of(kind), title_of(kind), status, detail, tuple(errors))


def refused(status: int, detail: str, kind: str = "", errors: Iterable[Fault] = ()) -> Refused:
    """Make what ends a request with a problem."""
    return Refused(problem(status, detail, kind, errors))


def invalid(errors: Iterable[Fault], status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Refused:
    """Make what ends a request whose fields are at fault."""
    detail = "The request cannot be carried out as it is; `errors` names each field at fault."
    return refused(status, detail, "InvalidRequest", errors)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[Problem]:
    """Answer with a problem."""
    return Response(
        problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def _named(status: int, headers: Mapping[str, str] | None = None) -> Handler:
    """Answer with the name of an exception's class and its words."""

    def handle(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        words = str(error) or type(error).__doc__
        return answer(problem(status, words, type(error).__name__), headers)

    return handle


def _refused(_: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    return answer(error.problem, error.headers)


def _bad_token(_: Request[Any, Any, Any], error: BadToken) -> Response[Any]:
    fault = Fault("Consistency-Token", str(error))
    return answer(problem(400, BadToken.__doc__, BadToken.__name__, [fault]))


def _bad_parameters(_: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    errors = [_fault(told) for told in error.extra or () if isinstance(told, dict)]
    if missing := _MISSING.match(error.detail):
        errors.append(Fault(missing[1], "is required"))
    return answer(invalid(errors, 400).problem if errors else problem(400, error.detail))


def _fault(told: Mapping[str, Any]) -> Fault:
    name = str(told.get("key", "request")).rstrip("_")
    if told.get("source") == "header":
        name = name.replace("_", "-").title()
    return Fault(name, in_words(str(told["message"])))


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    nowhere = error.detail == HTTPStatus.NOT_FOUND.phrase
    return answer(problem(error.status_code, NOWHERE if nowhere else error.detail), error.headers)


def allow(methods: Iterable[str]) -> dict[str, str]:
    """Say which methods an address takes; what can be got can be asked for by HEAD too."""
    known = {*methods}
    return {"Allow": ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))}


def _not_allowed(_: Request[Any, Any, Any], error: MethodNotAllowedException) -> Response[Any]:
    headers = allow((error.headers or {}).get("allow", "").split(", "))
    return answer(problem(405, f"This address takes only {headers['Allow']}."), headers)


def _no_store(request: Request[Any, Any, Any], error: StoreError) -> Response[Any]:
    if not is_outage(error):
        return _failed(request, error)
    log.warning("http.no_store", error=type(error).__name__)
    return answer(problem(503, StoreUnavailable.__doc__, "StoreUnavailable"), RETRY_AFTER)


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("http.failed", route=request.scope.get("path_template"), exc_info=error)
    detail = "The service failed at this request, and its log says why. The same key is safe."
    return answer(problem(500, detail))


HANDLERS: Final[dict[type[Exception] | int, Handler]] = {
    Refused: _refused,
    Rejected: _named(409),
    KeyReused: _named(422),
    LoopFull: _named(503, RETRY_AFTER),
    LoopStopped: _named(503, RETRY_AFTER),
    StoreUnavailable: _named(503, RETRY_AFTER),
    NotYet: _named(503, RETRY_AFTER),
    StoreError: _no_store,
    BadToken: _bad_token,
    ValidationException: _bad_parameters,
    MethodNotAllowedException: _not_allowed,
    HTTPException: _http,
    Exception: _failed,
}


def documented(*told: int | str) -> dict[int, ResponseSpec]:
    """Say in the API's description with which problems a route may answer.

    That is each of these statuses, with the kinds that are told anywhere, and each of these kinds.
    """
    kinds: dict[int, list[str]] = {}
    for each in told:
        if isinstance(each, int):
            kinds.setdefault(each, []).extend(ANYWHERE.get(each, ()))
        else:
            kinds.setdefault(TYPES[each].status, []).append(each)
    return {status: _documented(status, kinds[status]) for status in sorted(kinds)}


def _documented(status: int, kinds: Iterable[str]) -> ResponseSpec:
    examples = [
        Example(
            summary=TYPES[kind].title,
            description=TYPES[kind].meaning,
            value=to_builtins(problem(status, TYPES[kind].remedy, kind)),
        )
        for kind in kinds
    ]
    return ResponseSpec(
        Problem,
        generate_examples=False,
        description=HTTPStatus(status).phrase,
        media_type=MEDIA_TYPE,
        examples=examples or None,
    )
