from __future__ import annotations

from ecommerce.aggregates.payments import ClosePayment, RequestPayment, StartPayment
from ecommerce.events.inventory import ReservedUnits, StockReserved
from ecommerce.events.orders import OrderCancelled
from ecommerce.kernel import Money
from ecommerce.policies.payments import react
from facts import ANN, order_created


def test_a_new_order_owes_its_total() -> None:
    assert [*react(order_created, "order-7@1")] == [
        RequestPayment("7", Money(2097, "GBP"), "pm_card_visa")
    ]


def test_held_stock_starts_the_payment() -> None:
    held = StockReserved("7", (ReservedUnits("TEA", 3),))
    assert [*react(held, "reservation-7@1")] == [StartPayment("7")]


def test_a_dead_order_closes_its_payment() -> None:
    dead = OrderCancelled("7", ANN, "timed out", "timed_out")
    assert [*react(dead, "order-7@2")] == [ClosePayment("7")]
