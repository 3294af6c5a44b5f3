"""Revisions of what people edit, as ETags: nobody overwrites what they have not seen (RFC 9110)."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias, TypeVar

from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter

from ecommerce.api.problems import Fault, invalid
from ecommerce.store.unit import Answer

T = TypeVar("T")

_TAG: Final = r'^(?:\*|"([0-9]{1,18})")$(?!\n)'

IfMatch: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description='The ETag that was read, such as `"3"`: changes nothing if somebody else was'
        " faster. `*` is any.",
        schema_extra={"pattern": _TAG},
    ),
]

TAGGED: Final = ResponseHeader(
    name="ETag",
    description="The revision of what can be edited; send it back as `If-Match`.",
    value='"3"',
    documentation_only=True,
)


def revision_of(if_match: str | None) -> int | None:
    """Read the revision that a change is meant for; `*` and none are any. Raises `Refused`."""
    if if_match is None:
        return None
    if match := re.match(_TAG, if_match.strip()):
        return int(match[1]) if match[1] else None
    raise invalid([Fault("If-Match", 'is an ETag such as "3", as it was read')], 400)


def etag(revision: int) -> str:
    """Write a revision as an ETag."""
    return f'"{revision}"'


def tagged(response: Response[T], answer: Answer) -> Response[T]:
    """Add the revision that a change has made: what the id of its last event ends with."""
    if answer.events:
        response.headers["ETag"] = etag(int(answer.events[-1].rpartition("@")[2]))
    return response
