"""Every path of an order that people decide on; judged by logs, ledger and mailbox alone."""

from __future__ import annotations

import pytest

import mailed
from disturbing import paused, slow_down_the_next_charge
from mailed import told
from people import STAFF, cancel, post
from running_shop import RunningShop, until
from shelf import Shelf, placed

CANCELLED = ["OrderCreated", "OrderCancelled", "CompensateInventory", "OrderCompensated"]
PAID = (mailed.RECEIVED, mailed.CONFIRMED)


def test_an_order_cancelled_before_its_stock_is_held_costs_nobody_anything(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    with paused(shop, "inventory"):
        order_id = placed(shelf.order(shop))
        cancel(shop, order_id)
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "cancelled_by_customer")
    assert shop.events(order_id)["orders"] == CANCELLED
    assert "PaymentStarted" not in shop.events(order_id)["payments"]
    assert shop.ledger(order_id) == (0, 0)
    assert shelf.stock(shop) == (5, 0)
    told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)


def test_an_order_cancelled_once_its_stock_is_held_gives_it_back_and_keeps_no_money(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    with paused(shop, "payments"):
        order_id = placed(shelf.order(shop))
        for _ in until(10, "the stock is not held"):
            if shelf.stock(shop) == (5, 1):
                break
        cancel(shop, order_id)
    shop.rest(order_id)
    events = shop.events(order_id)
    assert events["inventory"] == [
        "StockReserved",
        "UnitsReserved",
        "StockCompensated",
        "UnitsReleased",
    ]
    assert {*CANCELLED} <= {*events["orders"]} <= {*CANCELLED, "OrderRefunded"}
    captured, refunded = shop.ledger(order_id)
    assert captured == refunded
    assert shelf.stock(shop) == (5, 0)
    after = [mailed.REFUNDED] if captured else []
    told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED, *after)


def test_an_order_cancelled_while_its_charge_runs_is_refunded(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    slow_down_the_next_charge(shop, 1.5)
    order_id = placed(shelf.order(shop))
    for _ in until(10, "the charge does not begin"):
        begun = shop.rows("payments", "select stream from calls where attempts > 0")
        if (f"payment-{order_id}",) in begun:
            break
    cancel(shop, order_id)
    for _ in until(30, "the money does not go back"):
        if shop.ledger(order_id) == (1999, 1999):
            break
    shop.rest(order_id)
    events = shop.events(order_id)
    assert events["payments"][-2:] == ["RefundStarted", "PaymentRefunded"]
    assert sorted(events["orders"]) == sorted([*CANCELLED, "OrderRefunded"])
    assert shelf.stock(shop) == (5, 0)
    told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED, mailed.REFUNDED)


def test_an_order_cancelled_after_its_payment_is_refunded_and_told_so(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop))
    assert shop.rest(order_id)["status"] == "confirmed"
    cancel(shop, order_id)
    for _ in until(30, "the refund is not shown"):
        if (shown := shop.rest(order_id))["refunded"]:
            break
    assert (shown["status"], shown["refunded"]["amount"]) == ("cancelled", 1999)
    assert shop.ledger(order_id) == (1999, 1999)
    assert shelf.stock(shop) == (5, 0)
    told(shop, order_id, *PAID, mailed.CANCELLED, mailed.REFUNDED)


def test_an_order_that_staff_cancels_is_refunded_and_its_customer_told_why(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop))
    assert shop.rest(order_id)["status"] == "confirmed"
    cancel(shop, order_id, STAFF, reason="the kettle is not safe")
    for _ in until(30, "the refund is not shown"):
        if (shown := shop.rest(order_id))["refunded"]:
            break
    assert (shown["status"], shown["code"]) == ("cancelled", "cancelled_by_staff")
    assert (shown["reason"], shown["refunded"]["amount"]) == ("the kettle is not safe", 1999)
    assert shop.ledger(order_id) == (1999, 1999)
    assert shelf.stock(shop) == (5, 0)
    mails = told(shop, order_id, *PAID, mailed.CANCELLED, mailed.REFUNDED)
    assert "the kettle is not safe" in mails[mailed.CANCELLED]


def test_an_unpaid_order_that_staff_cancels_costs_nobody_anything(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    with paused(shop, "inventory"):
        order_id = placed(shelf.order(shop))
        cancel(shop, order_id, STAFF, reason="the kettle is not safe")
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "cancelled_by_staff")
    assert "PaymentStarted" not in shop.events(order_id)["payments"]
    assert shop.ledger(order_id) == (0, 0)
    assert shelf.stock(shop) == (5, 0)
    mails = told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)
    assert "the kettle is not safe" in mails[mailed.CANCELLED]


def test_an_order_is_shipped_and_delivered_and_cannot_be_cancelled_any_more(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop, quantity=2))
    early = post(shop, f"/orders/{order_id}/deliveries", STAFF)
    assert early.json()["type"] == "/problems/order-not-shipped"
    assert shop.rest(order_id)["status"] == "confirmed"
    parcel = {"carrier": "Royal Mail", "tracking": "RM123"}
    shipped = post(shop, f"/orders/{order_id}/shipments", STAFF, **parcel)
    assert (shipped.status_code, shipped.json()["status"]) == (201, "shipped")
    late = post(shop, f"/orders/{order_id}/cancel")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/order-already-shipped")
    assert post(shop, f"/orders/{order_id}/deliveries", STAFF).status_code == 201
    shown = shop.rest(order_id)
    assert (shown["status"], shown["carrier"], shown["tracking"]) == (
        "delivered",
        "Royal Mail",
        "RM123",
    )
    assert shop.events(order_id)["orders"] == [
        "OrderCreated",
        "OrderConfirmed",
        "OrderShipped",
        "OrderDelivered",
    ]
    assert shop.events(order_id)["inventory"][-2:] == ["StockShipped", "UnitsShipped"]
    assert shelf.stock(shop) == (3, 0)
    assert shop.ledger(order_id) == (3998, 0)
    told(shop, order_id, *PAID, mailed.SHIPPED)


def test_one_short_line_of_many_cancels_the_order_and_holds_nothing(shop: RunningShop) -> None:
    there, scarce = Shelf(shop, units=5), Shelf(shop, units=1)
    lines = [{"sku": there.sku, "quantity": 3}, {"sku": scarce.sku, "quantity": 2}]
    scarce.tokens += there.tokens
    order_id = placed(scarce.order(shop, lines=lines))
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "out_of_stock")
    assert scarce.sku in shown["reason"]
    assert (there.stock(shop), scarce.stock(shop)) == ((5, 0), (1, 0))
    assert shop.ledger(order_id) == (0, 0)
    mails = told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)
    assert scarce.sku in mails[mailed.CANCELLED]


def test_a_product_delisted_or_repriced_after_the_basket_is_told_before_anything_happens(
    shop: RunningShop,
) -> None:
    shelf = Shelf(shop, units=5)
    shown = {"sku": shelf.sku, "quantity": 1, "unit_price": shelf.price}
    kept = placed(shelf.order(shop, lines=[shown]))
    with shop.client(STAFF) as client:
        page = client.get(f"/catalog/products/{shelf.sku}")
        new = {"price": {"amount": 2500, "currency": "GBP"}}
        headers = {"If-Match": page.headers["ETag"]}
        repriced = client.put(f"/catalog/products/{shelf.sku}/price", json=new, headers=headers)
        again = client.put(f"/catalog/products/{shelf.sku}/price", json=new, headers=headers)
    assert (repriced.status_code, again.status_code) == (200, 412)
    shelf.tokens.append(repriced.headers["Consistency-Token"])
    dearer = shelf.order(shop, lines=[shown])
    assert (dearer.status_code, dearer.json()["type"]) == (409, "/problems/price-changed")
    with shop.client(STAFF) as client:
        delisted = client.delete(f"/catalog/products/{shelf.sku}")
        token = {"Consistency-Token": delisted.headers["Consistency-Token"]}
        gone = client.get(f"/catalog/products/{shelf.sku}", headers=token)
    assert (delisted.status_code, gone.status_code) == (200, 404)
    shelf.tokens.append(delisted.headers["Consistency-Token"])
    unsold = shelf.order(shop, lines=[shown])
    assert (unsold.status_code, unsold.json()["type"]) == (422, "/problems/unknown-sku")
    assert shop.rest(kept)["status"] == "confirmed"
    assert shop.ledger(kept) == (1999, 0)


def test_who_prefers_to_wait_gets_the_outcome_with_the_answer(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=1)
    with shop.client() as client:
        client.headers["Prefer"] = "wait=10"
        client.headers["Consistency-Token"] = ",".join(shelf.tokens)
        body = {
            "customer": {},
            "shipping_address": {"country": "Spain"},
            "payment_method": "pm_card_visa",
            "lines": [{"sku": shelf.sku, "quantity": 1}],
        }
        first, second = (client.post("/orders", json=body) for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (201, "confirmed")
    assert (second.status_code, second.json()["status"]) == (201, "cancelled")
    assert second.json()["code"] == "out_of_stock"


@pytest.mark.parametrize("lines", [2000, 2001])
def test_an_order_has_so_many_lines_and_no_more(shop: RunningShop, lines: int) -> None:
    shelf = Shelf(shop, units=2000)
    answer = shelf.order(shop, lines=[{"sku": shelf.sku, "quantity": 1}] * lines)
    if lines > 2000:
        assert answer.status_code == 422
        return
    order_id = placed(answer)
    assert shop.rest(order_id)["status"] == "confirmed"
    assert shelf.stock(shop) == (2000, 2000)
    assert shop.ledger(order_id) == (2000 * 1999, 0)
