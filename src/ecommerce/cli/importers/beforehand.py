"""What the shop has of an import before it begins, and may forbid it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from ecommerce.cli.importers import asking, bodies
from ecommerce.cli.importers.bodies import Placed
from ecommerce.cli.importers.online_retail import Plan
from ecommerce.cli.importers.supply import Receipt
from ecommerce.cli.shop import Problem, Shop

KEYS_LIVE: Final = timedelta(days=7) - timedelta(hours=1)
"""How long the shop surely remembers a key: less what an import takes and clocks differ."""


class Forbidden(Exception):
    """What the shop has already forbids this import; nothing was done."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} Nothing was imported; {remedy}.")


async def check(shop: Shop, plan: Plan) -> None:
    """See that whatever was imported before was so lately, and of the same invoices.

    Raises `Forbidden`.
    """
    orders = await asking.find(shop, (order.number for order in plan.orders))
    done = [(order.created_at, f"Invoice {order.reference}") for order in orders]
    if not done:
        files = {receipt.reference: receipt for receipt in plan.receipts}
        times = [time for receipt in files.values() for time in await _received(shop, receipt)]
        done = [(time, "The stock for these files") for time in times]
    _refuse_old(done)
    _refuse_other_lines(orders, plan)


def _refuse_old(done: Iterable[tuple[datetime, str]]) -> None:
    time, what = min(done, default=(datetime.now(UTC), ""))
    if time < datetime.now(UTC) - KEYS_LIVE:
        raise Forbidden(
            f"{what} was imported on {time:%Y-%m-%d %H:%M} UTC. The shop remembers for 7 days what"
            " it has done, so importing it again now would do things twice.",
            "give only files that the shop does not know",
        )


def _refuse_other_lines(orders: Iterable[Placed], plan: Plan) -> None:
    planned = {order.number: order for order in plan.orders}
    for placed in orders:
        order = planned[placed.reference]
        if (placed.lines, placed.units) != (len(order.lines), order.units):
            raise Forbidden(
                f"Invoice {order.number} was imported before with {placed.lines:,} lines and"
                f" {placed.units:,} units; now it has {len(order.lines):,} and {order.units:,}.",
                "files that share an invoice must be imported together, and always together",
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
