"""A provider that is down or stands still, before and after a deadline; by mailbox and ledger."""

from __future__ import annotations

import mailed
from disturbing import PROVIDER, paused, provider_down
from mailed import told
from people import let_the_deadline_pass
from running_shop import RunningShop, until
from shelf import Shelf, placed

UNSENT = "select stream from calls where last_error is not null"
SENT = "select stream from calls where attempts > 0"


def until_called(shop: RunningShop, order_id: str, query: str) -> None:
    for _ in until(20, f"{order_id} is not to be charged"):
        if (f"payment-{order_id}",) in shop.rows("payments", query):
            return


def status(shop: RunningShop, order_id: str) -> str:
    with shop.client() as client:
        return str(client.get(f"/orders/{order_id}").json()["status"])


def assert_paid_once(shop: RunningShop, shelf: Shelf, order_id: str) -> None:
    assert shop.rest(order_id)["status"] == "confirmed"
    (account,) = shop.accounts(order_id=order_id)
    assert [charge["paid"] for charge in account["charges"]] == [True]
    assert shop.ledger(order_id) == (1999, 0)
    assert shelf.stock(shop)[1] == 1
    told(shop, order_id, mailed.RECEIVED, mailed.CONFIRMED)


def test_an_order_waits_for_a_provider_that_is_down_and_is_paid_once_when_it_is_back(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    with provider_down(shop):
        order_id = placed(shelf.order(shop))
        until_called(shop, order_id, UNSENT)
        told(shop, order_id, mailed.RECEIVED)
        assert status(shop, order_id) == "open"
        assert shelf.stock(shop) == (5, 1)
    assert_paid_once(shop, shelf, order_id)


def test_an_order_that_nobody_answers_before_its_deadline_is_cancelled_and_never_charged(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    with provider_down(shop):
        order_id = placed(shelf.order(shop))
        until_called(shop, order_id, UNSENT)
        let_the_deadline_pass(shop, order_id)
        told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)
    # The provider answers again once the next order is paid; had it been asked, it had charged.
    assert_paid_once(shop, shelf, placed(shelf.order(shop)))
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "timed_out")
    assert shown["refunded"] is None
    assert shop.events(order_id)["payments"] == [
        "PaymentRequested",
        "PaymentStarted",
        "PaymentClosed",
    ]
    assert shop.accounts(order_id=order_id) == []
    assert shelf.stock(shop) == (5, 1)
    told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)


def test_an_order_whose_payment_succeeds_after_its_deadline_is_refunded_and_told_so(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    with paused(shop, PROVIDER):
        order_id = placed(shelf.order(shop))
        until_called(shop, order_id, SENT)
        let_the_deadline_pass(shop, order_id)
    for _ in until(30, "the refund is not shown"):
        if (shown := shop.rest(order_id))["refunded"]:
            break
    assert (shown["status"], shown["code"]) == ("cancelled", "timed_out")
    assert shown["refunded"]["amount"] == 1999
    assert shop.events(order_id)["payments"][-4:] == [
        "PaymentClosed",
        "PaymentSucceeded",
        "RefundStarted",
        "PaymentRefunded",
    ]
    assert shop.ledger(order_id) == (1999, 1999)
    assert shelf.stock(shop) == (5, 0)
    told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED, mailed.REFUNDED)
