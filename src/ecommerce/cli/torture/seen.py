"""What the shop and its bank say after a round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ecommerce.events.orders import Customer, OrderLine
from ecommerce.kernel import Money, Value

SHORT: Final = "out_of_stock"
"""The code that tells a customer why an order that is short of stock was cancelled."""


class Order(Value, frozen=True):
    """An order as its customer sees it."""

    order_id: str
    status: str
    customer: Customer
    lines: tuple[OrderLine, ...]
    total: Money
    created_at: datetime
    updated_at: datetime
    code: str | None = None

    @property
    def confirmed(self) -> bool:
        """Whether it is paid, and its goods are held."""
        return self.status == "confirmed"

    @property
    def cancelled(self) -> bool:
        """Whether it is dead, for whatever reason."""
        return self.status == "cancelled"

    @property
    def short(self) -> bool:
        """Whether it was cancelled and its customer is told that stock is short."""
        return self.cancelled and self.code == SHORT

    def units(self) -> Counter[str]:
        """Count the units of each SKU."""
        units: Counter[str] = Counter()
        for line in self.lines:
            units[line.sku] += line.quantity
        return units


class Stock(Value, frozen=True):
    """The count of a SKU as inventory tells it."""

    sku: str
    on_hand: int
    reserved: int
    available: int


class Charged(Value, frozen=True):
    """What the bank took for an order and gave back, in minor units, and each charge of it."""

    order_id: str | None
    captured: int = 0
    refunded: int = 0
    charges: tuple[dict[str, Any], ...] = ()


class Seen(Value, frozen=True):
    """The orders of a round, its SKUs, and what the bank took for any order of the shop."""

    orders: tuple[Order, ...]
    stock: Mapping[str, Stock]
    charged: Mapping[str, Charged]

    def charge(self, order: Order) -> Charged:
        """Say what the bank took for an order."""
        return self.charged.get(order.order_id) or Charged(order.order_id)

    def sold(self) -> Counter[str]:
        """Count the units of each SKU that confirmed orders hold."""
        units: Counter[str] = Counter()
        for order in self.orders:
            if order.confirmed:
                units.update(order.units())
        return units

    @property
    def captured(self) -> int:
        """Add up what the bank took for these orders, in pence."""
        return sum(self.charge(order).captured for order in self.orders)

    @property
    def seconds(self) -> float:
        """Say how long it took from the first order to the end of the last."""
        if not self.orders:
            return 0.0
        began = min(order.created_at for order in self.orders)
        ended = max(order.updated_at for order in self.orders)
        return (ended - began).total_seconds()
