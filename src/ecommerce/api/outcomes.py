"""Waits for what becomes of orders that were just placed: one look for all who wait."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Final

import structlog
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation

from ecommerce.api.reading import Read
from ecommerce.projections import order_page
from ecommerce.projections.order_page import OrderPage

LONGEST: Final = 20
"""Seconds that anybody waits, whatever they prefer: less than the gateway does."""
PAUSE: Final = 0.03
"""Seconds between one look and the next."""
AT_ONCE: Final = 1000
"""Orders looked for in one query."""

log = structlog.get_logger()

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


class Outcomes:
    """Looks at the orders that somebody waits for, as long as somebody does."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._waiting: dict[asyncio.Future[OrderPage | None], str] = {}
        self._looking: asyncio.Task[None] | None = None

    async def of(self, order_id: str, seconds: float) -> OrderPage | None:
        """Give an order once it is decided, or nothing where that has not come in time."""
        decided: asyncio.Future[OrderPage | None] = asyncio.get_running_loop().create_future()
        self._waiting[decided] = order_id
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                return await decided
        except TimeoutError:
            return None
        finally:
            del self._waiting[decided]

    async def _look(self) -> None:
        try:
            while self._waiting:
                await self._look_once()
                await asyncio.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001 - the order is placed, whatever fails here
            log.warning("outcomes.failed", error=repr(error))
            self._tell(dict.fromkeys(self._waiting.values()))
        finally:
            self._looking = None

    async def _look_once(self) -> None:
        orders = sorted({*self._waiting.values()})
        for start in range(0, len(orders), AT_ONCE):
            async with self._read(order_page.NAME, None) as db:
                pages = await order_page.find_all(db, orders[start : start + AT_ONCE])
            self._tell({page.order_id: page for page in pages if is_decided(page)})

    def _tell(self, pages: Mapping[str, OrderPage | None]) -> None:
        for decided, order_id in self._waiting.items():
            if order_id in pages and not decided.done():
                decided.set_result(pages[order_id])


class Patience:
    """How many seconds a client prefers to wait for what becomes of its order; mostly none."""

    def __init__(self, seconds: int, outcomes: Outcomes) -> None:
        self.seconds = seconds
        self._outcomes = outcomes

    async def outcome(self, order_id: str) -> OrderPage | None:
        """Give an order once it is decided, or nothing where that has not come in time."""
        return await self._outcomes.of(order_id, self.seconds) if self.seconds else None


async def patience(
    outcomes: NamedDependency[SkipValidation[Outcomes]],
    prefer: Annotated[
        str | None,
        HeaderParameter(
            name="Prefer",
            description="`wait=5` waits that many seconds at most for the order's outcome"
            " (RFC 7240).",
        ),
    ] = None,
) -> Patience:
    """Read what a client prefers. What is not understood is ignored, as the RFC asks for."""
    match = _WAIT.search(prefer or "")
    return Patience(min(LONGEST, int(match[1])) if match else 0, outcomes)
