"""An order as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

from ecommerce.events.orders import Address, Charge, Customer, OrderLine
from ecommerce.kernel import Money, Value
from ecommerce.projections.order_page import OrderPage

CONTEXT: Final = "orders"

Status: TypeAlias = Literal["open", "confirmed", "shipped", "delivered", "cancelled"]


class OrderView(Value, frozen=True):
    """An order. `code` and `reason` say why it was cancelled.

    `compensating`: its stock is on its way back. `compensated`: nothing is held for it any more.
    `authentication_url` is where the customer is to confirm the payment, while the order waits for
    that. `refunded` is what was paid back. `carrier` and `tracking` are those of its parcel.
    """

    order_id: str
    status: Status
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
    authentication_url: str | None
    refunded: Money | None
    carrier: str | None
    tracking: str | None


def view(page: OrderPage) -> OrderView:
    """Show an order's page."""
    shared = {name: getattr(page, name) for name in _SHARED}
    refunded = None if page.refunded is None else Money(page.refunded, page.currency)
    return OrderView(total=page.total, refunded=refunded, **shared)


_SHARED = [name for name in OrderView.__struct_fields__ if name not in {"total", "refunded"}]
