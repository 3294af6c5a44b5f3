"""Ask the shop for many things, several of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Final, TypeVar

from ecommerce.cli.importers import bodies
from ecommerce.cli.importers.bodies import Placed
from ecommerce.cli.shop import Shop

AT_ONCE: Final = 16
A_PAGE: Final = 50

T = TypeVar("T")


async def find(shop: Shop, numbers: Iterable[str]) -> list[Placed]:
    """Ask the shop for the orders of these invoices. One that it does not know is left out."""
    found: list[Placed] = []

    async def fetch(page: list[str]) -> None:
        parameters = [("limit", str(2 * A_PAGE)), *(("reference", number) for number in page)]
        found.extend(bodies.placed(await shop.get("orders", parameters)))

    await at_once(_pages(numbers), fetch)
    return found


def _pages(numbers: Iterable[str]) -> Iterable[list[str]]:
    left = iter(numbers)
    return iter(lambda: list(islice(left, A_PAGE)), [])


async def at_once(items: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
    """Act on items, in their order but several at once; the first failure ends it all."""
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await act(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
