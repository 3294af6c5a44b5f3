"""Stock is only counted; an order's reservation alone decides what becomes of it."""

from __future__ import annotations

from ecommerce.aggregates.inventory.commands import (
    AdjustStock,
    CompensateStock,
    InventoryCommand,
    NotEnoughStock,
    ReceiveStock,
    ReserveStock,
    ShipStock,
    together,
)
from ecommerce.aggregates.inventory.decider import decide, reservation, stock, streams
from ecommerce.aggregates.inventory.state import (
    Held,
    Reservation,
    Stock,
    evolve_reservation,
    evolve_stock,
    folds,
)

__all__ = [
    "AdjustStock",
    "CompensateStock",
    "Held",
    "InventoryCommand",
    "NotEnoughStock",
    "ReceiveStock",
    "Reservation",
    "ReserveStock",
    "ShipStock",
    "Stock",
    "decide",
    "evolve_reservation",
    "evolve_stock",
    "folds",
    "reservation",
    "stock",
    "streams",
    "together",
]
