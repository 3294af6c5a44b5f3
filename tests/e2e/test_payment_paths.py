"""Every path of a payment that is not simply made; judged by logs, ledger and mailbox alone."""

from __future__ import annotations

import httpx
import pytest

import mailed
from disturbing import unreachable
from mailed import told
from people import cancel, let_the_deadline_pass
from running_shop import RunningShop, until
from shelf import Shelf, placed

ASKS = "pm_card_threeDSecure2Required"
CANCELLED = ["OrderCancelled", "CompensateInventory", "OrderCompensated"]
GIVEN_BACK = ["StockReserved", "UnitsReserved", "StockCompensated", "UnitsReleased"]
ASKED = (mailed.RECEIVED, mailed.ASKED)
WAITING = ["PaymentRequested", "PaymentStarted", "PaymentAuthenticationRequired"]


class Waiting:
    """An order that waits for its customer to answer the bank."""

    def __init__(self, shop: RunningShop, method: str = ASKS) -> None:
        self.shelf = Shelf(shop, units=5)
        self.order_id = placed(self.shelf.order(shop, payment_method=method))
        self.url = self._address(shop)
        assert self.url in told(shop, self.order_id, *ASKED)[mailed.ASKED]

    def _address(self, shop: RunningShop) -> str:
        with shop.client() as client:
            for _ in until(10, "the bank does not ask"):
                payment = client.get(f"/payments/{self.order_id}")
                if payment.is_success and payment.json()["authentication_url"]:
                    assert payment.json()["status"] == "authenticating"
                    return str(payment.json()["authentication_url"])
        raise AssertionError

    def answer(self, word: str) -> httpx.Response:
        """Answer on the bank's page."""
        return httpx.post(f"{self.url}/{word}", timeout=20)

    def told(self, shop: RunningShop, *subjects: str) -> None:
        """Wait until the customer has heard this, after the two mails that all of them get."""
        told(shop, self.order_id, *ASKED, *subjects)


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_visa_chargeDeclined", "the card was declined"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "the card has insufficient funds"),
        ("pm_card_chargeDeclinedExpiredCard", "the card has expired"),
    ],
)
def test_a_refusal_cancels_the_order_and_tells_why(
    shop: RunningShop, method: str, reason: str
) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop, payment_method=method))
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "payment_failed")
    assert shown["reason"] == reason
    events = shop.events(order_id)
    assert events["orders"] == ["OrderCreated", *CANCELLED]
    assert events["inventory"] == GIVEN_BACK
    assert events["payments"] == [*WAITING[:2], "PaymentFailed", "PaymentClosed"]
    assert shop.ledger(order_id) == (0, 0)
    assert shelf.stock(shop) == (5, 0)
    mails = told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)
    assert reason in mails[mailed.CANCELLED]


def test_a_customer_who_approves_has_paid_once(shop: RunningShop) -> None:
    waiting = Waiting(shop)
    assert shop.ledger(waiting.order_id) == (0, 0)
    assert waiting.answer("approval").headers["location"].startswith(shop.gateway)
    assert waiting.answer("approval").status_code == httpx.codes.CONFLICT
    assert shop.rest(waiting.order_id)["status"] == "confirmed"
    events = shop.events(waiting.order_id)
    assert events["orders"] == ["OrderCreated", "AuthenticationRequested", "OrderConfirmed"]
    assert events["payments"] == [*WAITING, "PaymentSucceeded"]
    assert shop.ledger(waiting.order_id) == (1999, 0)
    assert waiting.shelf.stock(shop) == (5, 1)
    waiting.told(shop, mailed.CONFIRMED)


@pytest.mark.parametrize(
    ("method", "word", "reason"),
    [
        (ASKS, "refusal", "the payment was not authenticated"),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            "approval",
            "the card has insufficient funds",
        ),
    ],
)
def test_a_customer_who_refuses_or_cannot_pay_then_has_no_order(
    shop: RunningShop, method: str, word: str, reason: str
) -> None:
    waiting = Waiting(shop, method)
    assert "redirect_status=failed" in waiting.answer(word).headers["location"]
    shown = shop.rest(waiting.order_id)
    assert (shown["code"], shown["reason"]) == ("payment_failed", reason)
    events = shop.events(waiting.order_id)
    assert events["orders"] == ["OrderCreated", "AuthenticationRequested", *CANCELLED]
    assert events["payments"] == [
        *WAITING,
        "PaymentFailed",
        "PaymentClosed",
        "VoidStarted",
        "PaymentVoided",
    ]
    assert_nothing_is_kept(shop, waiting)


@pytest.mark.parametrize("ended", ["cancelled_by_customer", "timed_out"])
def test_nobody_can_pay_for_an_order_that_has_ended_while_it_waited(
    shop: RunningShop, ended: str
) -> None:
    waiting = Waiting(shop)
    if ended == "timed_out":
        let_the_deadline_pass(shop, waiting.order_id)
    else:
        cancel(shop, waiting.order_id)
    for _ in until(20, "the order does not end"):
        if "PaymentVoided" in shop.events(waiting.order_id)["payments"]:
            break
    late = waiting.answer("approval")
    assert late.status_code == httpx.codes.CONFLICT
    assert "does not wait for this payment any more" in late.text
    assert shop.rest(waiting.order_id)["code"] == ended
    events = shop.events(waiting.order_id)
    assert events["orders"] == ["OrderCreated", "AuthenticationRequested", *CANCELLED]
    assert events["payments"] == [*WAITING, "PaymentClosed", "VoidStarted", "PaymentVoided"]
    assert_nothing_is_kept(shop, waiting)


def test_a_customer_who_pays_before_the_provider_has_heard_of_the_end_is_refunded(
    shop: RunningShop,
) -> None:
    waiting = Waiting(shop)
    with unreachable(shop, "/cancel"):
        cancel(shop, waiting.order_id)
        for _ in until(10, "the payment is not given up"):
            if "VoidStarted" in shop.events(waiting.order_id)["payments"]:
                break
        assert "redirect_status=succeeded" in waiting.answer("approval").headers["location"]
    assert shop.rest(waiting.order_id)["status"] == "cancelled"
    assert shop.events(waiting.order_id)["payments"] == [
        *WAITING,
        "PaymentClosed",
        "VoidStarted",
        "PaymentSucceeded",
        "RefundStarted",
        "PaymentRefunded",
    ]
    assert shop.ledger(waiting.order_id) == (1999, 1999)
    assert waiting.shelf.stock(shop) == (5, 0)
    waiting.told(shop, mailed.CANCELLED, mailed.REFUNDED)


def assert_nothing_is_kept(shop: RunningShop, waiting: Waiting) -> None:
    assert shop.events(waiting.order_id)["inventory"] == GIVEN_BACK
    assert shop.ledger(waiting.order_id) == (0, 0)
    assert waiting.shelf.stock(shop) == (5, 0)
    waiting.told(shop, mailed.CANCELLED)
