from __future__ import annotations

import pytest

from ecommerce.events.inventory import (
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
)
from ecommerce.kernel import Money
from ecommerce.projections import movements, payment_page
from ecommerce.projections.movements import Movement
from ecommerce.projections.payment_page import PaymentPage
from ecommerce.projections.projection import RowMissing
from facts import NOON
from recording import fold

DUE = Money(2097, "GBP")

requested = PaymentRequested("7", DUE, "pm_card_visa")
started = PaymentStarted("7", DUE, "pm_card_visa")
failed = PaymentFailed("7", "card_declined", "Your card was declined.")
succeeded = PaymentSucceeded("7", DUE, "ch_1")
closed = PaymentClosed("7")


def test_every_movement_of_a_sku_is_kept_with_what_it_was_for() -> None:
    rows = fold(
        movements,
        UnitsReceived("TEA", 10, "delivery 4"),
        UnitsAdjusted("TEA", -1, "broken"),
        UnitsReserved("TEA", "7", 4),
        UnitsReleased("TEA", "7", 4),
        UnitsShipped("TEA", "6", 2),
    )
    assert [*rows.values()] == [
        Movement("TEA", 1, NOON, "UnitsReceived", 10, "ann", reference="delivery 4"),
        Movement("TEA", 2, NOON, "UnitsAdjusted", -1, "ann", reason="broken"),
        Movement("TEA", 3, NOON, "UnitsReserved", 4, "ann", order_id="7"),
        Movement("TEA", 4, NOON, "UnitsReleased", 4, "ann", order_id="7"),
        Movement("TEA", 5, NOON, "UnitsShipped", 2, "ann", order_id="6"),
    ]


def test_a_payment_is_charged() -> None:
    (page,) = fold(payment_page, requested, started, succeeded).values()
    assert (page.status, page.charge, page.closed) == ("succeeded", "ch_1", False)
    assert (page.due, page.payment_method) == (DUE, "pm_card_visa")


def test_a_refused_payment_says_why_and_a_later_charge_forgets_it() -> None:
    (page,) = fold(payment_page, requested, started, failed).values()
    assert (page.status, page.failure_code) == ("failed", "card_declined")
    assert page.failure_reason == "Your card was declined."
    (page,) = fold(payment_page, requested, started, failed, succeeded).values()
    assert (page.status, page.failure_code, page.failure_reason) == ("succeeded", None, None)


def test_a_payment_of_a_dead_order_is_given_back() -> None:
    paid = (requested, started, succeeded, closed, RefundStarted("7", DUE, "ch_1"))
    (page,) = fold(payment_page, *paid).values()
    assert (page.status, page.closed) == ("refunding", True)
    (page,) = fold(payment_page, *paid, PaymentRefunded("7", DUE, "re_1")).values()
    assert (page.status, page.refund) == ("refunded", "re_1")


def test_a_payment_closed_before_it_was_requested_owes_nothing() -> None:
    (page,) = fold(payment_page, closed).values()
    assert page == PaymentPage("7", "not_requested", NOON, NOON, closed=True)
    assert page.due is None


def test_a_payment_that_nobody_requested_cannot_start() -> None:
    with pytest.raises(RowMissing, match="payment-7@1"):
        fold(payment_page, started)


def test_a_payment_waits_for_the_customer_at_an_address() -> None:
    waits = (requested, started, PaymentAuthenticationRequired("7", "pi_1", "https://b.invalid/1"))
    (page,) = fold(payment_page, *waits).values()
    assert (page.status, page.authentication_url) == ("authenticating", "https://b.invalid/1")
    (page,) = fold(payment_page, *waits, succeeded).values()
    assert (page.status, page.authentication_url) == ("succeeded", None)
    (page,) = fold(payment_page, *waits, closed, VoidStarted("7", "pi_1")).values()
    assert (page.status, page.closed, page.authentication_url) == ("authenticating", True, None)
    (page,) = fold(
        payment_page, *waits, closed, VoidStarted("7", "pi_1"), PaymentVoided("7")
    ).values()
    assert page.status == "voided"
