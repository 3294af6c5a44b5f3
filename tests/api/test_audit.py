"""An order's timeline over HTTP."""

from __future__ import annotations

import web
from ecommerce.projections.order_timeline import Step
from facts import NOON

STEP = Step(
    id="order-7@1",
    order_id="7",
    time=NOON,
    source="orders",
    position=1,
    type="OrderCreated",
    stream="order-7",
    cause="request-1",
    actor="ann",
    detail="2 lines",
)


async def test_a_timeline_says_what_happened_and_what_is_waited_for() -> None:
    async with web.client("audit", models=web.Models(order_timeline=[STEP])) as http:
        answer = await http.get("/orders/7/timeline")
    timeline = answer.json()
    assert timeline["order_id"] == "7"
    assert [(step["type"], step["cause"]) for step in timeline["events"]] == [
        ("OrderCreated", "request-1")
    ]
    assert timeline["waiting"][0]["for"] == "inventory to reserve the stock"


async def test_an_order_of_which_nothing_is_known_is_not_found() -> None:
    async with web.client("audit") as http:
        answer = await http.get("/orders/8/timeline")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Nothing is known of an order 8.")
