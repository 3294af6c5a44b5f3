"""Carry a plan out over HTTP, each request under a key that lets it happen only once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from http import HTTPStatus
from itertools import islice
from time import monotonic
from typing import Final, TypeVar
from urllib.parse import quote

from ecommerce.cli.importers import bodies
from ecommerce.cli.importers.bodies import Placed
from ecommerce.cli.importers.online_retail import Adjustment, Order, Plan, Product, Receipt
from ecommerce.cli.importers.progress import Step, Steps
from ecommerce.cli.shop import Problem, Shop

CALLER: Final = (
    "importer; catalog:write inventory:read inventory:write orders:read orders:write orders:import"
    " orders:price reports:read"
)
KEYS_LIVE: Final = timedelta(days=7) - timedelta(hours=1)
"""How long the shop surely remembers a key: less what an import takes and clocks differ."""
AT_ONCE: Final = 16
A_PAGE: Final = 50
POLL: Final = 0.5
STALLED: Final = 300.0
"""Seconds without a single order ending after which waiting any longer helps nobody."""

T = TypeVar("T")


class TooOld(Exception):
    """Something was imported so long ago that the shop has forgotten the key."""


class Stalled(Exception):
    """Orders stay open though nothing failed."""


async def carry_out(shop: Shop, plan: Plan, steps: Steps) -> list[Placed]:
    """Import a plan, wait until each of its orders has ended, and return them.

    Raises `TooOld` before anything is done, `Stalled`, and what the shop raises.
    """
    await _refuse_old(shop, plan)
    numbers = [order.number for order in plan.orders]
    await _each(plan.products, steps, "products", lambda it: _add(shop, it))
    await _each(plan.receipts, steps, "receipts of stock", lambda it: _receive(shop, it))
    await _each(plan.adjustments, steps, "adjustments", lambda it: _adjust(shop, it))
    await _each(plan.orders, steps, "orders placed", lambda it: _place(shop, it))
    await _ended(shop, numbers, steps.begin("orders ended", len(numbers)))
    return await find(shop, numbers)


async def find(shop: Shop, numbers: Iterable[str]) -> list[Placed]:
    """Ask the shop for the orders of these invoices. One that it does not know is left out."""
    found: list[Placed] = []

    async def fetch(page: list[str]) -> None:
        parameters = [("limit", str(2 * A_PAGE)), *(("reference", number) for number in page)]
        found.extend(bodies.placed(await shop.get("orders", parameters)))

    await _at_once(_pages(numbers), fetch)
    return found


def _pages(numbers: Iterable[str]) -> Iterable[list[str]]:
    left = iter(numbers)
    return iter(lambda: list(islice(left, A_PAGE)), [])


async def _refuse_old(shop: Shop, plan: Plan) -> None:
    orders = await find(shop, (order.number for order in plan.orders))
    done = [(order.created_at, f"Invoice {order.reference}") for order in orders]
    if not done:
        files = {receipt.reference: receipt for receipt in plan.receipts}
        times = [time for receipt in files.values() for time in await _received(shop, receipt)]
        done = [(time, "The stock for these files") for time in times]
    if done and min(done)[0] < datetime.now(UTC) - KEYS_LIVE:
        time, what = min(done)
        raise TooOld(
            f"{what} was imported on {time:%Y-%m-%d %H:%M} UTC. The shop remembers for 7 days what"
            " it has done, so importing it again now would do things twice. Nothing was imported;"
            " give only files that the shop does not know."
        )


async def _received(shop: Shop, receipt: Receipt) -> list[datetime]:
    """Say when a receipt was recorded, which tells of imports that never came to an order."""
    try:
        stock = await shop.get(f"inventory/stock/{quote(receipt.sku)}")
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return []
    return [it.time for it in bodies.movements(stock) if it.reference == receipt.reference]


async def _add(shop: Shop, product: Product) -> bool:
    key = blake2b(f"{product.name}\n{product.price}".encode(), digest_size=12).hexdigest()
    try:
        body = bodies.product(product)
        return (await shop.post("catalog/products", body, key=f"{product.sku}/{key}")).replayed
    except Problem as problem:
        if problem.kind != "product-already-exists":
            raise
    price = bodies.price(product.price)
    await shop.put(f"catalog/products/{quote(product.sku)}/price", price)
    return True


async def _receive(shop: Shop, receipt: Receipt) -> bool:
    path = f"inventory/stock/{quote(receipt.sku)}/receipts"
    return (await shop.post(path, bodies.receipt(receipt), key=receipt.key)).replayed


async def _adjust(shop: Shop, adjustment: Adjustment) -> bool:
    path = f"inventory/stock/{quote(adjustment.sku)}/adjustments"
    return (await shop.post(path, bodies.adjustment(adjustment), key=adjustment.key)).replayed


async def _place(shop: Shop, order: Order) -> bool:
    body = bodies.order(order)
    return (await shop.post("orders", body, key=order.number, after="catalog")).replayed


async def _ended(shop: Shop, numbers: Iterable[str], step: Step) -> None:
    left, changed = set(numbers), monotonic()
    while left:
        orders = await find(shop, sorted(left))
        ended = {order.reference for order in orders if order.status != "open"}
        if ended:
            left, changed = left - ended, monotonic()
            step.advance(len(ended))
        elif monotonic() - changed > STALLED:
            raise Stalled(_stalled(left))
        if left:
            await asyncio.sleep(POLL)


def _stalled(left: Collection[str]) -> str:
    first = ", ".join(sorted(left)[:5])
    return (
        f"{len(left):,} orders stay open, among them those of the invoices {first}, and none has"
        f" ended for {STALLED:.0f} seconds. `ecommerce orders show` says what an order waits for."
    )


async def _each(
    items: Collection[T], steps: Steps, name: str, act: Callable[[T], Awaitable[bool]]
) -> None:
    """Act on all items, counting them; `act` says whether an earlier run had done it."""
    step = steps.begin(name, len(items))

    async def counted(item: T) -> None:
        step.advance(before=await act(item))

    await _at_once(items, counted)


async def _at_once(items: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
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
