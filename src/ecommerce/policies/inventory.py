"""Inventory holds stock for every new order; the order's word alone gives it back or ships it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ecommerce.aggregates.inventory import (
    CompensateStock,
    InventoryCommand,
    ReserveStock,
    ShipStock,
    together,
)
from ecommerce.events.orders import CompensateInventory, OrderCreated, OrderShipped

Trigger: TypeAlias = OrderCreated | CompensateInventory | OrderShipped


def react(event: Trigger, _event_id: str) -> Iterator[InventoryCommand]:
    """Say what inventory does about another context's event."""
    match event:
        case OrderCreated(order_id):
            items = together((line.sku, line.quantity) for line in event.lines)
            yield ReserveStock(order_id, items)
        case CompensateInventory(order_id, skus):
            yield CompensateStock(order_id, skus)
        case OrderShipped(order_id, skus=skus):
            yield ShipStock(order_id, skus)
