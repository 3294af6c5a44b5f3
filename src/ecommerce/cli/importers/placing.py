"""Carry a plan out over HTTP, each request under a key that lets it happen only once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from hashlib import blake2b
from time import monotonic
from typing import Final, TypeVar
from urllib.parse import quote

from ecommerce.cli.importers import asking, beforehand, bodies
from ecommerce.cli.importers.bodies import Placed
from ecommerce.cli.importers.online_retail import Order, Plan, Product
from ecommerce.cli.importers.progress import Step, Steps
from ecommerce.cli.importers.supply import Adjustment, Receipt
from ecommerce.cli.shop import Problem, Shop

CALLER: Final = (
    "importer; catalog:write inventory:read inventory:write orders:read orders:write orders:import"
    " orders:price reports:read"
)
POLL: Final = 0.5
STALLED: Final = 300.0
"""Seconds without a single order ending after which waiting any longer helps nobody."""

T = TypeVar("T")


class Stalled(Exception):
    """Orders stay open though nothing failed."""


async def carry_out(shop: Shop, plan: Plan, steps: Steps) -> list[Placed]:
    """Import a plan, wait until each of its orders has ended, and return them.

    Raises `Forbidden` before anything is done, `Stalled`, and what the shop raises.
    """
    await beforehand.check(shop, plan)
    numbers = [order.number for order in plan.orders]
    await _each(plan.products, steps, "products", lambda it: _add(shop, it))
    await _each(plan.receipts, steps, "receipts of stock", lambda it: _receive(shop, it))
    await _each(plan.adjustments, steps, "adjustments", lambda it: _adjust(shop, it))
    await _each(plan.orders, steps, "orders placed", lambda it: _place(shop, it))
    await _ended(shop, numbers, steps.begin("orders ended", len(numbers)))
    return await asking.find(shop, numbers)


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
        orders = await asking.find(shop, sorted(left))
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

    await asking.at_once(items, counted)
