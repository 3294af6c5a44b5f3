"""An order's timeline over HTTP."""

from __future__ import annotations

import msgspec

import web
from ecommerce.projections.order_timeline import Step
from ecommerce.projections.sagas import Saga
from ecommerce.projections.waiting import Waiting
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


async def test_the_ways_of_orders_are_listed_with_what_they_wait_for() -> None:
    wait = Waiting("the payment provider to charge", NOON)
    rows = [
        Saga("7", NOON, NOON, NOON, {"PaymentStarted": NOON}, {}),
        Saga("6", NOON, NOON, None, {}, {}),
    ]
    models = web.Models(sagas=rows)
    async with web.client("audit", models=models) as http:
        answer = await http.get("/sagas", params={"state": "waiting", "after": "8", "limit": 1})
        both = await http.get("/sagas")
        odd = await http.get("/sagas", params={"state": "odd"})
    (saga,) = answer.json()["items"]
    assert (saga["order_id"], saga["state"]) == ("7", "waiting")
    assert saga["waiting"] == msgspec.to_builtins([wait])
    assert answer.headers["link"] == '</sagas?state=waiting&after=7&limit=1>; rel="next"'
    assert [each["state"] for each in both.json()["items"]] == ["waiting", "settled"]
    assert models.values[0] == {"after": "8", "limit": 2}
    assert (odd.status_code, [*web.faults(odd)]) == (400, ["state"])
