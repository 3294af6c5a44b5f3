"""Stock over HTTP."""

from __future__ import annotations

import web
from ecommerce.aggregates.inventory import AdjustStock, NotEnoughStock, ReceiveStock
from ecommerce.projections.movements import Movement
from ecommerce.projections.stock import Stock
from facts import NOON


async def test_units_are_received() -> None:
    loop = web.Loop()
    async with web.client("inventory", loop) as http:
        body = {"quantity": 12, "reference": "delivery 9"}
        answer = await http.post("/inventory/stock/tea-1/receipts", json=body)
    assert (answer.status_code, answer.json()) == (201, {"sku": "TEA-1", "quantity": 12})
    assert answer.headers["consistency-token"] == "inventory@7"
    assert loop.commands == [ReceiveStock("TEA-1", 12, "delivery 9")]


async def test_the_same_key_for_another_sku_is_refused() -> None:
    key = {"Idempotency-Key": "k"}
    async with web.client("inventory") as http:
        await http.post("/inventory/stock/A/receipts", json={"quantity": 1}, headers=key)
        answer = await http.post("/inventory/stock/B/receipts", json={"quantity": 1}, headers=key)
    assert answer.json()["type"] == "/problems/key-reused"


async def test_a_receipt_has_a_quantity() -> None:
    async with web.client("inventory") as http:
        answer = await http.post("/inventory/stock/A/receipts", json={"quantity": 0})
    assert answer.status_code == 422
    assert web.faults(answer) == {"quantity": "must be at least 1"}


async def test_a_count_is_put_right() -> None:
    loop = web.Loop()
    async with web.client("inventory", loop) as http:
        body = {"quantity": -2, "reason": "broken"}
        answer = await http.post("/inventory/stock/tea-1/adjustments", json=body)
    assert (answer.status_code, answer.json()) == (201, {"sku": "TEA-1", "quantity": -2})
    assert loop.commands == [AdjustStock("TEA-1", -2, "broken")]


async def test_an_adjustment_adjusts_something_for_a_reason() -> None:
    async with web.client("inventory") as http:
        nothing = await http.post(
            "/inventory/stock/A/adjustments", json={"quantity": 0, "reason": "x"}
        )
        no_reason = await http.post("/inventory/stock/A/adjustments", json={"quantity": 1})
    assert nothing.status_code == no_reason.status_code == 422
    assert [*web.faults(nothing)] == ["quantity"]
    assert web.faults(no_reason) == {"reason": "is required"}


async def test_what_is_held_for_orders_cannot_be_counted_away() -> None:
    loop = web.Loop()
    loop.failure = NotEnoughStock()
    async with web.client("inventory", loop) as http:
        body = {"quantity": -9, "reason": "lost"}
        answer = await http.post("/inventory/stock/A/adjustments", json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-enough-stock")


async def test_a_count_is_shown_with_its_movements() -> None:
    moved = Movement("TEA-1", 4, NOON, "UnitsReceived", 9, "ann", reference="delivery 9")
    models = web.Models(stock=[Stock("TEA-1", 9, 2)], movements=[moved])
    async with web.client("inventory", models=models) as http:
        token = {"Consistency-Token": "inventory@4"}
        answer = await http.get("/inventory/stock/tea-1", headers=token)
    page = answer.json()
    assert (page["on_hand"], page["reserved"], page["available"]) == (9, 2, 7)
    assert page["movements"][0]["event"] == "UnitsReceived"
    assert models.tokens == ["inventory@4", "inventory@4"]


async def test_what_was_never_counted_is_not_found() -> None:
    async with web.client("inventory") as http:
        answer = await http.get("/inventory/stock/nope")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "No stock of NOPE was ever counted.",
    )


async def test_what_moved_a_sku_is_listed_a_page_at_a_time() -> None:
    rows = [Movement("TEA-1", n, NOON, "UnitsReceived", 9, "ann") for n in (9, 5, 4)]
    models = web.Models(movements=rows)
    async with web.client("inventory", models=models) as http:
        answer = await http.get(
            "/inventory/stock/tea-1/movements", params={"after": 12, "limit": 2}
        )
    assert [moved["position"] for moved in answer.json()["items"]] == [9, 5]
    assert answer.json()["next"] == "/inventory/stock/TEA-1/movements?after=5&limit=2"
    (values,) = models.values
    assert (values["sku"], values["after"], values["limit"]) == ("TEA-1", 12, 3)


async def test_what_never_moved_has_no_movements_to_list() -> None:
    async with web.client("inventory") as http:
        first = await http.get("/inventory/stock/A/movements")
        last = await http.get("/inventory/stock/A/movements", params={"after": 4})
    assert (first.status_code, last.status_code, last.json()["items"]) == (404, 200, [])
