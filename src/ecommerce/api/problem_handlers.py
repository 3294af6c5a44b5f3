"""Every refusal and failure becomes a problem: what happened, and what can be done."""

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
from psycopg import Error as StoreError

from ecommerce.api.fault_words import in_words
from ecommerce.api.problems import RETRY_AFTER, Fault, Refused, answer, invalid, problem
from ecommerce.kernel import Rejected
from ecommerce.projections.reader import BadToken, NotYet
from ecommerce.store.connection import is_outage
from ecommerce.store.unit import KeyReused, LoopFull, LoopStopped, StoreUnavailable

NOWHERE: Final = "There is nothing at this address; `/schema` tells what there is."

_MISSING: Final = re.compile(r"Missing required \w+ parameter '(.+?)'")

log = structlog.get_logger()

Handler: TypeAlias = Callable[[Request[Any, Any, Any], Any], Response[Any]]


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
