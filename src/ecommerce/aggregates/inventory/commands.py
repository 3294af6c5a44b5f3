"""What can be asked of stock, and the rule by which people are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from ecommerce.events.inventory import ReservedUnits
from ecommerce.kernel import Command, OrderId, Quantity, Rejected, Sku


class ReceiveStock(Command, frozen=True):
    """Units came in."""

    sku: Sku
    quantity: Quantity
    reference: str | None = None


class AdjustStock(Command, frozen=True):
    """The count is off by `quantity`: more where positive, less where negative."""

    sku: Sku
    quantity: int
    reason: str


class ReserveStock(Command, frozen=True):
    """Hold all of this for an order, or none of it."""

    order_id: OrderId
    items: tuple[ReservedUnits, ...]


class CompensateStock(Command, frozen=True):
    """Give back what is held for an order; `skus` is all that it may hold."""

    order_id: OrderId
    skus: tuple[Sku, ...]


class ShipStock(Command, frozen=True):
    """Let go of what is held for an order, for it is shipped; `skus` is all that it may hold."""

    order_id: OrderId
    skus: tuple[Sku, ...]


InventoryCommand: TypeAlias = (
    ReceiveStock | AdjustStock | ReserveStock | CompensateStock | ShipStock
)


class NotEnoughStock(Rejected):
    """The count cannot fall below what is held for orders."""


def together(lines: Iterable[tuple[Sku, int]]) -> tuple[ReservedUnits, ...]:
    """Add up the quantities of each SKU, in the order in which the SKUs first appear."""
    totals: Counter[Sku] = Counter()
    for sku, quantity in lines:
        totals[sku] += quantity
    return tuple(ReservedUnits(sku, quantity) for sku, quantity in totals.items())
