"""The real inventory, asked for a little stock by a few orders."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ecommerce.aggregates.inventory import (
    AdjustStock,
    CompensateStock,
    ReceiveStock,
    ReserveStock,
)
from ecommerce.events.inventory import ReservedUnits
from ecommerce.kernel import Command

SKUS = ("mug", "pot", "tin")
ORDERS = ("7", "8", "9")


def commands(random: Random) -> Callable[[], Command]:
    """Ask for anything, at random."""

    def command() -> Command:
        sku, order = random.choice(SKUS), random.choice(ORDERS)
        match random.randrange(5):
            case 0:
                return ReceiveStock(sku, random.randint(1, 4))
            case 1:
                return AdjustStock(sku, random.randint(-3, 1), "counted")
            case 2 | 3:
                skus = random.sample(SKUS, random.randint(1, 3))
                return ReserveStock(order, tuple(ReservedUnits(sku, 1) for sku in skus))
            case _:
                return CompensateStock(order, SKUS)

    return command
