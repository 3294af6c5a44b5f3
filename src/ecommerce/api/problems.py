"""Problems as routes answer them and as their descriptions tell of them (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from msgspec import Struct, to_builtins

from ecommerce.api.problem_types import ANYWHERE, TYPES, title_of, type_of
from ecommerce.kernel import Value

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = {"Retry-After": "1"}
"""Seconds; a client that is told to wait longer only makes an outage longer."""


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
