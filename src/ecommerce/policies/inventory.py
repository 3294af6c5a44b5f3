"""Inventory holds stock for every new order, and gives it back on the order's word alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ecommerce.aggregates.inventory import (
    CompensateStock,
    InventoryCommand,
    ReserveStock,
    together,
)
from ecommerce.events.orders import CompensateInventory, OrderCreated

Trigger: TypeAlias = OrderCreated | CompensateInventory


def react(event: Trigger, _event_id: str) -> Iterator[InventoryCommand]:
    """Say what inventory does about another context's event."""
    match event:
        case OrderCreated(order_id):
            items = together((line.sku, line.quantity) for line in event.lines)
            yield ReserveStock(order_id, items)
        case CompensateInventory(order_id, skus):
            yield CompensateStock(order_id, skus)
