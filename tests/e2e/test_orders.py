"""Orders find their own way through the services; judged by logs, ledger and mailbox alone."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

import mailed
from mailed import told
from running_shop import RunningShop
from shelf import Shelf, placed

MAILED_TWICE = ["NotificationQueued"] * 2 + ["NotificationSent"] * 2


def test_a_paid_order_is_confirmed(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop, quantity=2))
    shown = shop.rest(order_id)
    assert (shown["status"], shown["total"]["amount"]) == ("confirmed", 3998)
    assert shop.events(order_id) == {
        "orders": ["OrderCreated", "OrderConfirmed"],
        "inventory": ["StockReserved", "UnitsReserved"],
        "payments": ["PaymentRequested", "PaymentStarted", "PaymentSucceeded"],
        "notifications": MAILED_TWICE,
    }
    assert shop.ledger(order_id) == (3998, 0)
    assert shelf.stock(shop) == (5, 2)
    told(shop, order_id, mailed.RECEIVED, mailed.CONFIRMED)
    received, confirmed = shop.mails(order_id)
    assert received["To"] == "Ann <ann@example.com>"
    assert {part.get_content_type() for part in confirmed.walk()} >= {"text/plain", "text/html"}


def test_a_declined_card_gives_the_stock_back(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop, payment_method="pm_card_visa_chargeDeclined"))
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "payment_failed")
    assert shop.events(order_id) == {
        "orders": ["OrderCreated", "OrderCancelled", "CompensateInventory", "OrderCompensated"],
        "inventory": ["StockReserved", "UnitsReserved", "StockCompensated", "UnitsReleased"],
        "payments": ["PaymentRequested", "PaymentStarted", "PaymentFailed", "PaymentClosed"],
        "notifications": MAILED_TWICE,
    }
    assert shop.ledger(order_id) == (0, 0)
    assert shelf.stock(shop) == (5, 0)
    told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)


def test_short_stock_charges_nobody(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop, quantity=6))
    shown = shop.rest(order_id)
    assert (shown["status"], shown["code"]) == ("cancelled", "out_of_stock")
    assert shop.events(order_id) == {
        "orders": ["OrderCreated", "OrderCancelled"],
        "inventory": ["StockReservationFailed"],
        "payments": ["PaymentRequested", "PaymentClosed"],
        "notifications": MAILED_TWICE,
    }
    assert shop.ledger(order_id) == (0, 0)
    assert shelf.stock(shop) == (5, 0)
    mails = told(shop, order_id, mailed.RECEIVED, mailed.CANCELLED)
    assert shelf.sku in mails[mailed.CANCELLED]


def test_an_order_of_nothing_to_pay_is_confirmed_without_a_charge(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=1, price=0)
    order_id = placed(shelf.order(shop))
    assert shop.rest(order_id)["status"] == "confirmed"
    assert shop.events(order_id)["payments"] == ["PaymentRequested", "PaymentSucceeded"]
    assert shop.accounts(order_id=order_id) == []
    assert shelf.stock(shop) == (1, 1)
    told(shop, order_id, mailed.RECEIVED, mailed.CONFIRMED)


def test_a_guest_without_an_address_gets_no_mail(shop: RunningShop) -> None:
    order_id = placed(Shelf(shop, units=1).order(shop, customer={}))
    assert shop.rest(order_id)["status"] == "confirmed"
    assert shop.events(order_id)["notifications"] == []
    assert shop.mails(order_id) == []


def test_the_last_units_are_sold_once(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=7)
    orders = [placed(shelf.order(shop)) for _ in range(12)]
    outcomes = sorted(shop.rest(order_id)["status"] for order_id in orders)
    assert outcomes == ["cancelled"] * 5 + ["confirmed"] * 7
    assert shelf.stock(shop) == (7, 7)
    assert sum(shop.ledger(order_id)[0] for order_id in orders) == 7 * 1999


def test_the_same_request_twice_is_one_order(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=5)
    body = {
        "customer": {"name": "Ann", "email": "ann@example.com"},
        "shipping_address": {"country": "Spain"},
        "payment_method": "pm_card_visa",
        "lines": [{"sku": shelf.sku, "quantity": 1}],
    }
    headers = {"Idempotency-Key": str(uuid4()), "Consistency-Token": ",".join(shelf.tokens)}
    with shop.client() as client:
        first, second = (client.post("/orders", json=body, headers=headers) for _ in range(2))
    order_id = placed(first)
    assert placed(second) == order_id
    assert second.headers["Idempotent-Replayed"] == "true"
    shop.rest(order_id)
    assert shelf.stock(shop) == (5, 1)
    assert shop.ledger(order_id) == (1999, 0)
    told(shop, order_id, mailed.RECEIVED, mailed.CONFIRMED)


def test_what_was_written_can_be_read_at_once(shop: RunningShop) -> None:
    shelf = Shelf(shop, units=9)
    headers = {"Consistency-Token": ",".join(shelf.tokens)}
    with shop.client() as client:
        product = client.get(f"/catalog/products/{shelf.sku}", headers=headers).json()
        assert (product["price"], product["available"]) == (shelf.price, 9)
        answer = shelf.order(shop)
        token = {"Consistency-Token": answer.headers["Consistency-Token"]}
        assert client.get(answer.headers["Location"], headers=token).status_code == httpx.codes.OK


def test_every_event_says_what_led_to_it(shop: RunningShop) -> None:
    order_id = placed(Shelf(shop, units=1).order(shop))
    shop.rest(order_id)
    with shop.client() as client:
        steps = client.get(f"/orders/{order_id}/timeline").json()["events"]
    ids = {step["id"] for step in steps}
    first, *later = steps
    assert (first["type"], first["actor"]) == ("OrderCreated", "ann")
    assert {step["cause"] for step in later} <= ids
    assert {step["source"] for step in steps} == {
        "orders",
        "inventory",
        "payments",
        "notifications",
    }
    printed = shop.ecommerce("orders", "show", order_id)
    assert "PaymentSucceeded" in printed
    assert "ann@example.com" not in printed


@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json", "/health/ready"])
def test_the_gateway_answers(shop: RunningShop, path: str) -> None:
    with shop.client() as client:
        assert client.get(path, follow_redirects=True).status_code == httpx.codes.OK
