"""What people do to an order over HTTP."""

from __future__ import annotations

import pytest

import web
from ecommerce.aggregates.orders import (
    DeliverOrder,
    NoSuchOrder,
    OrderAlreadyShipped,
    ShipOrder,
    WithdrawOrder,
)

ANN = web.caller("ann")
STAFF = web.caller("staff", "orders:cancel", "orders:ship")


async def test_a_customer_cancels_an_order_of_hers() -> None:
    loop = web.Loop(lambda _: ["order-7@3"])
    async with web.client("orders", loop) as http:
        answer = await http.post("/orders/7/cancel", headers={**ANN, "X-Correlation-Id": "case-7"})
    assert answer.status_code == 200
    assert answer.json() == {
        "order_id": "7",
        "status": "cancelled",
        "status_url": "/orders/7",
        "timeline_url": "/orders/7/timeline",
    }
    assert answer.headers["consistency-token"] == "orders@7"
    (unit,) = loop.units
    assert unit.command == WithdrawOrder("7", "cancelled by the customer", owner="ann")
    assert (unit.cause.correlation_id, unit.cause.actor) == ("7", "ann")


async def test_staff_cancel_anybody_s_order_and_say_why() -> None:
    loop = web.Loop()
    async with web.client("orders", loop) as http:
        await http.post("/orders/7/cancel", json={"reason": "we moved"}, headers=STAFF)
        await http.post("/orders/8/cancel", headers=STAFF)
    assert loop.commands == [
        WithdrawOrder("7", "we moved"),
        WithdrawOrder("8", "cancelled by the shop"),
    ]


async def test_an_order_is_shipped_with_or_without_a_parcel_and_delivered() -> None:
    loop, parcel = web.Loop(), {"carrier": "Royal Mail", "tracking": "RM1"}
    async with web.client("orders", loop) as http:
        shipped = await http.post("/orders/7/shipments", json=parcel, headers=STAFF)
        await http.post("/orders/8/shipments", headers=STAFF)
        delivered = await http.post("/orders/7/deliveries", headers=STAFF)
    assert (shipped.status_code, shipped.json()["status"]) == (201, "shipped")
    assert (delivered.status_code, delivered.json()["status"]) == (201, "delivered")
    assert loop.commands == [ShipOrder("7", "Royal Mail", "RM1"), ShipOrder("8"), DeliverOrder("7")]


@pytest.mark.parametrize("step", ["cancel", "shipments", "deliveries"])
async def test_a_step_is_taken_once_under_one_key(step: str) -> None:
    loop, headers = web.Loop(), {**STAFF, "Idempotency-Key": "k"}
    async with web.client("orders", loop) as http:
        first = await http.post(f"/orders/7/{step}", headers=headers)
        again = await http.post(f"/orders/7/{step}", headers=headers)
    assert (first.json(), again.headers["idempotent-replayed"]) == (again.json(), "true")
    assert len(loop.units) == 1


async def test_an_order_that_is_not_there_or_not_hers_is_not_found() -> None:
    loop = web.Loop()
    loop.failure = NoSuchOrder()
    async with web.client("orders", loop) as http:
        answer = await http.post("/orders/7/cancel", headers=ANN)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no order 7.")


async def test_a_shipped_order_says_why_it_cannot_be_cancelled() -> None:
    loop = web.Loop()
    loop.failure = OrderAlreadyShipped()
    async with web.client("orders", loop) as http:
        answer = await http.post("/orders/7/cancel", headers=ANN)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/order-already-shipped")


async def test_everything_that_is_wrong_with_a_step_is_named() -> None:
    async with web.client("orders") as http:
        answer = await http.post(
            "/orders/7/shipments", json={"carrier": "", "weight": 3}, headers=STAFF
        )
    assert (answer.status_code, [*web.faults(answer)]) == (422, ["carrier", "weight"])
