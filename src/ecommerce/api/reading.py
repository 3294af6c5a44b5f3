"""What reads have in common: the Consistency-Token, and pages that name the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar, get_args
from urllib.parse import urlencode

from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from msgspec import Meta, Struct
from psycopg import AsyncConnection

from ecommerce.kernel import OrderId, Sku

T = TypeVar("T")

Read: TypeAlias = Callable[[str, str | None], AbstractAsyncContextManager[AsyncConnection[Any]]]
"""Opens a read model by name, no sooner than it holds what a token names."""

_POSITION: Final = r"[a-z][a-z0-9_]*@[0-9]{1,18}"
POSITIONS: Final = rf"^(?:{_POSITION}(?: *, *{_POSITION})*)?$(?!\n)"
"""How far the logs of some contexts were read: `orders@1234,inventory@99`."""

Token: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Consistency-Token",
        description="What a write answered, several parted by commas: waits until it can be seen.",
        schema_extra={"pattern": POSITIONS},
    ),
]

MOST: Final = 100
Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=MOST, description="Items on a page.")]

FOLDED: Final = "In any case: `tea-1` is `TEA-1`."

AnySku: TypeAlias = Annotated[Sku, Meta(description=FOLDED)]


_ORDER_ID: Final[Meta] = get_args(OrderId)[1]


def _in_path(kind: Any, description: str) -> PathParameter:
    """Take a type's limits over: of an annotated type Litestar sees the parameter's own alone."""
    meta: Meta = get_args(kind)[1]
    return PathParameter(pattern=meta.pattern, max_length=meta.max_length, description=description)


MOST_POSITION: Final = 2**63 - 1
AfterPosition: TypeAlias = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=MOST_POSITION,
        description="The last position seen.",
        schema_extra={"minimum": 0},  # Litestar itself leaves a 0 out
    ),
]

SkuInPath: TypeAlias = Annotated[str, _in_path(Sku, FOLDED)]
OrderIdInPath: TypeAlias = Annotated[str, _in_path(OrderId, "An order's id.")]
OrderIdInQuery: TypeAlias = Annotated[
    str, QueryParameter(pattern=_ORDER_ID.pattern, max_length=64, description="An order's id.")
]


PAGED: Final = (
    ResponseHeader(
        name="Link",
        description="The next page, if there is one (RFC 8288).",
        value='</orders?after=…&limit=50>; rel="next"',
        documentation_only=True,
    ),
)
"""The header of each response that is a page."""


class Page(Struct, Generic[T], frozen=True):
    """A page of a list, and the link to the next one, if there is one."""

    items: Sequence[T]
    next: str | None


def page(path: str, items: Sequence[T], limit: int, after: Callable[[T], str]) -> Response[Page[T]]:
    """Answer with `limit` items out of one more than that, which tells of the next page."""
    if len(items) <= limit:
        return Response(Page(items, None))
    shown = items[:limit]
    separator = "&" if "?" in path else "?"
    query = urlencode({"after": after(shown[-1]), "limit": limit})
    following = f"{path}{separator}{query}"
    return Response(Page(shown, following), headers={"Link": f'<{following}>; rel="next"'})


def upper(sku: str) -> str:
    """Write a SKU as it is kept."""
    return sku.upper()
