"""Rows of read models that several tests of HTTP show."""

from __future__ import annotations

from typing import Final

from ecommerce.events.orders import Address, Customer, OrderLine
from ecommerce.kernel import Money
from ecommerce.projections.order_page import OrderPage
from facts import NOON

ORDER: Final = OrderPage(
    order_id="7",
    position=1,
    owner="ann",
    reference=None,
    status="cancelled",
    customer=Customer("Ann"),
    shipping_address=Address("GB"),
    lines=(OrderLine(1, "TEA-1", 2, Money(450, "GBP")),),
    charges=(),
    amount=900,
    currency="GBP",
    placed_at=NOON,
    created_at=NOON,
    updated_at=NOON,
    code="timed_out",
    reason="it took too long",
    compensating=True,
)
