"""Waits for what becomes of orders that were just placed, where a client prefers to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation

from ecommerce.api.looking import Looks
from ecommerce.api.reading import Read
from ecommerce.projections import order_page
from ecommerce.projections.order_page import OrderPage

LONGEST: Final = 20
"""Seconds that anybody waits, whatever they prefer: less than the gateway does."""

WAITED: Final = (
    ResponseHeader(
        name="Preference-Applied",
        description="How many seconds the answer may have waited, where that was preferred.",
        value="wait=5",
        documentation_only=True,
    ),
)

_WAIT: Final = re.compile(r'(?:^|[,;\s])wait\s*=\s*"?([0-9]{1,4})"?(?:$|[,;\s])', re.IGNORECASE)


def is_decided(page: OrderPage) -> bool:
    """Say whether an order is confirmed or dead, or waits for its customer."""
    return page.status != "open" or page.authentication_url is not None


Outcomes: TypeAlias = Looks[OrderPage]


def outcomes(read: Read) -> Outcomes:
    """Make what looks at orders for those who wait for what becomes of them."""

    async def find(order_ids: Sequence[str]) -> dict[str, OrderPage]:
        async with read(order_page.NAME, None) as db:
            return {page.order_id: page for page in await order_page.find_all(db, order_ids)}

    return Looks(find)


class Patience:
    """How many seconds a client prefers to wait for what becomes of its order; mostly none."""

    def __init__(self, seconds: int, outcomes: Outcomes) -> None:
        self.seconds = seconds
        self._outcomes = outcomes

    async def outcome(self, order_id: str) -> OrderPage | None:
        """Give an order once it is decided, or nothing where that has not come in time."""
        if not self.seconds:
            return None
        return await self._outcomes.until(order_id, is_decided, self.seconds)


async def patience(
    outcomes: NamedDependency[SkipValidation[Outcomes]],
    prefer: Annotated[
        str | None,
        HeaderParameter(
            name="Prefer",
            description="`wait=5` waits that many seconds at most for the order's outcome"
            f" (RFC 7240), and never more than {LONGEST}.",
        ),
    ] = None,
) -> Patience:
    """Read what a client prefers. What is not understood is ignored, as the RFC asks for."""
    match = _WAIT.search(prefer or "")
    return Patience(min(LONGEST, int(match[1])) if match else 0, outcomes)
