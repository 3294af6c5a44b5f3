"""Facts that several tests start from."""

from __future__ import annotations

from datetime import UTC, datetime

from ecommerce.events.orders import Address, Charge, Customer, OrderCreated, OrderLine
from ecommerce.kernel import Money

ANN = Customer("Ann", "ann@example.invalid")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

order_created = OrderCreated(
    order_id="7",
    owner="ann",
    customer=ANN,
    shipping_address=Address("GB", city="London"),
    payment_method="pm_card_visa",
    lines=(
        OrderLine(1, "TEA", 2, Money(399, "GBP")),
        OrderLine(2, "MUG", 1, Money(650, "GBP")),
        OrderLine(3, "TEA", 1, Money(399, "GBP")),
    ),
    charges=(Charge("POST", Money(250, "GBP")),),
    total=Money(2097, "GBP"),
    placed_at=NOON,
    reference="536365",
)
