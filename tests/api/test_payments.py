"""Payments over HTTP."""

from __future__ import annotations

from msgspec.structs import replace

import web
from ecommerce.aggregates.payments import SucceedPayment
from ecommerce.projections.payment_page import PaymentPage
from facts import NOON

PAGE = PaymentPage(
    order_id="7",
    status="failed",
    created_at=NOON,
    updated_at=NOON,
    amount=900,
    currency="GBP",
    failure_code="card_declined",
)
PAID = {"id": "evt_1", "order_id": "7"}
GOOD = {"Stripe-Signature": "good"}


async def test_a_payment_is_shown() -> None:
    async with web.client("payments", models=web.Models(payment_page=[PAGE])) as http:
        answer = await http.get("/payments/7")
    shown = answer.json()
    assert shown["amount"] == {"amount": 900, "currency": "GBP"}
    assert (shown["status"], shown["failure_code"]) == ("failed", "card_declined")


async def test_a_payment_that_waits_for_its_customer_says_where() -> None:
    url = "https://bank.invalid/1"
    waiting = replace(PAGE, status="authenticating", authentication_url=url)
    async with web.client("payments", models=web.Models(payment_page=[waiting])) as http:
        shown = (await http.get("/payments/7")).json()
    assert (shown["status"], shown["authentication_url"]) == ("authenticating", url)


async def test_a_payment_that_is_not_there_is_not_found() -> None:
    async with web.client("payments") as http:
        answer = await http.get("/payments/8")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no payment of an order 8."


async def test_what_the_provider_tells_counts_once() -> None:
    loop = web.Loop()
    async with web.client("payments", loop) as http:
        first = await http.post("/payments/webhooks", json=PAID, headers=GOOD)
        again = await http.post("/payments/webhooks", json=PAID, headers=GOOD)
    assert (first.status_code, again.status_code, first.content) == (204, 204, b"")
    (unit,) = loop.units
    assert unit.key == "http:provider:POST /payments/webhooks:evt_1"
    assert unit.command == SucceedPayment("7", "ch_1")
    assert (unit.cause.correlation_id, unit.cause.causation_id) == ("7", "evt_1")
    assert unit.cause.actor == "payment-provider"


async def test_what_changes_nothing_is_taken_and_forgotten() -> None:
    loop = web.Loop()
    async with web.client("payments", loop) as http:
        answer = await http.post("/payments/webhooks", json={"id": "evt_2"}, headers=GOOD)
    assert (answer.status_code, loop.units) == (204, [])


async def test_nobody_but_the_provider_tells_of_payments() -> None:
    async with web.client("payments") as http:
        forged = await http.post("/payments/webhooks", json=PAID, headers={"Stripe-Signature": "x"})
        bare = await http.post("/payments/webhooks", json=PAID)
    assert forged.status_code == bare.status_code == 400
    assert forged.json()["type"] == bare.json()["type"] == "/problems/bad-signature"
