"""An order as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ecommerce.events.orders import Address, Charge, Customer, OrderLine
from ecommerce.kernel import Money, Value
from ecommerce.projections.order_page import OrderPage


class OrderView(Value, frozen=True):
    """An order. `code` and `reason` say why it was cancelled.

    `compensating`: its stock is on its way back. `compensated`: nothing is held for it any more.
    """

    order_id: str
    status: Literal["open", "confirmed", "cancelled"]
    owner: str
    customer: Customer
    shipping_address: Address
    lines: tuple[OrderLine, ...]
    charges: tuple[Charge, ...]
    total: Money
    placed_at: datetime
    created_at: datetime
    updated_at: datetime
    reference: str | None
    code: str | None
    reason: str | None
    compensating: bool
    compensated: bool


def view(page: OrderPage) -> OrderView:
    """Show an order's page."""
    shared = {name: getattr(page, name) for name in _SHARED}
    return OrderView(total=page.total, **shared)


_SHARED = [name for name in OrderView.__struct_fields__ if name != "total"]
