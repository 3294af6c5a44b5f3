from __future__ import annotations

from ecommerce.aggregates.orders import (
    AskForAuthentication,
    CancelOrder,
    CompleteCompensation,
    CompleteRefund,
    ConfirmOrder,
)
from ecommerce.events.inventory import (
    ReservedUnits,
    Shortage,
    StockCompensated,
    StockReservationFailed,
)
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentFailed,
    PaymentRefunded,
    PaymentSucceeded,
)
from ecommerce.kernel import Money
from ecommerce.policies.orders import expire, react
from facts import order_created


def test_a_payment_confirms_the_order() -> None:
    paid = PaymentSucceeded("7", Money(2097, "GBP"), "ch_1")
    assert [*react(paid, "payment-7@3")] == [ConfirmOrder("7")]


def test_a_declined_card_cancels_the_order_and_gives_its_stock_back() -> None:
    failed = PaymentFailed("7", "card_declined", "the card was declined")
    assert [*react(failed, "payment-7@3")] == [
        CancelOrder("7", "payment_failed", "the card was declined", compensate=True)
    ]


def test_missing_stock_cancels_the_order_and_says_what_was_short() -> None:
    failed = StockReservationFailed("7", (Shortage("TEA", 3, 2), Shortage("MUG", 1, 0)))
    assert [*react(failed, "reservation-7@1")] == [
        CancelOrder(
            "7",
            "out_of_stock",
            "out of stock: TEA (2 of 3 left), MUG (0 of 1 left)",
            compensate=False,
        )
    ]


def test_returned_stock_completes_the_compensation() -> None:
    returned = StockCompensated("7", (ReservedUnits("TEA", 3),))
    assert [*react(returned, "reservation-7@2")] == [CompleteCompensation("7")]


def test_an_order_that_nobody_answered_is_cancelled_and_gives_its_stock_back() -> None:
    assert expire(order_created) == CancelOrder("7", "timed_out", "timed out", compensate=True)


def test_of_many_skus_that_are_short_three_are_named() -> None:
    shortages = tuple(Shortage(sku, 2, 1) for sku in ("A", "B", "C", "D", "E"))
    (command,) = react(StockReservationFailed("7", shortages), "reservation-7@1")
    assert isinstance(command, CancelOrder)
    named = "A (1 of 2 left), B (1 of 2 left), C (1 of 2 left)"
    assert command.reason == f"out of stock: {named} and 2 more"


def test_a_bank_that_asks_for_the_customer_makes_the_order_ask_him() -> None:
    required = PaymentAuthenticationRequired("7", "pi_1", "https://bank.invalid/1")
    assert [*react(required, "payment-7@3")] == [
        AskForAuthentication("7", "https://bank.invalid/1")
    ]


def test_money_that_was_given_back_is_noted() -> None:
    refunded = PaymentRefunded("7", Money(2097, "GBP"), "re_1")
    assert [*react(refunded, "payment-7@6")] == [CompleteRefund("7", Money(2097, "GBP"))]
