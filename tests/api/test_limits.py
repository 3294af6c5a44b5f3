"""Every limit over HTTP, at the limit and one beyond it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from httpx import Response

import web
from ecommerce.api.app import LARGEST_BODY
from ecommerce.projections.price_list import Price

LISTS = [
    ("catalog", "/catalog/products", {}),
    ("orders", "/orders", {}),
    ("inventory", "/inventory/stock/TEA-1/movements", {"after": 9}),
    ("notifications", "/notifications", {"order_id": "7"}),
    ("audit", "/sagas", {}),
]
JSON = {"Content-Type": "application/json"}
PRICES = web.Models(price_list=[Price("TEA-1", "Tea", 450, "GBP")])


async def order(lines: list[dict[str, Any]]) -> Response:
    body = {
        "customer": {},
        "shipping_address": {"country": "GB"},
        "payment_method": "pm_card_visa",
        "lines": lines,
    }
    loop = web.Loop(lambda command: [f"order-{command.order_id}@1"])
    async with web.client("orders", loop, PRICES) as http:
        return await http.post("/orders", json=body)


@pytest.mark.parametrize(("context", "path", "query"), LISTS)
async def test_a_page_has_from_1_to_100_items(
    context: str, path: str, query: dict[str, Any]
) -> None:
    models = web.Models()
    async with web.client(context, models=models) as http:
        for limit in (1, 100):
            answer = await http.get(path, params={**query, "limit": limit})
            assert answer.status_code == 200, answer.text
        for odd in (0, 101, -1, 10**30, "many", "1.5", "null", ""):
            answer = await http.get(path, params={**query, "limit": odd})
            assert (answer.status_code, [*web.faults(answer)]) == (400, ["limit"]), odd
    assert [values["limit"] for values in models.values] == [2, 101]


@pytest.mark.parametrize(
    ("quantity", "status"), [(1, 202), (1.0, 202), (100_000, 202), (0, 422), (100_001, 422)]
)
async def test_a_line_has_from_1_to_100_000_units(quantity: float, status: int) -> None:
    answer = await order([{"sku": "TEA-1", "quantity": quantity}])
    assert answer.status_code == status
    if status == 422:
        assert [*web.faults(answer)] == ["lines[0].quantity"]


@pytest.mark.parametrize("quantity", [1.5, "1", True, None, 10**30, 1e300, float("1e19")])
async def test_a_quantity_is_a_whole_number(quantity: Any) -> None:
    answer = await order([{"sku": "TEA-1", "quantity": quantity}])
    assert (answer.status_code, [*web.faults(answer)]) == (422, ["lines[0].quantity"])


@pytest.mark.parametrize(("lines", "status"), [(2000, 202), (2001, 422)])
async def test_an_order_has_at_most_2_000_lines(lines: int, status: int) -> None:
    answer = await order([{"sku": "TEA-1", "quantity": 1}] * lines)
    assert answer.status_code == status
    if status == 422:
        assert [*web.faults(answer)] == ["lines"]


@pytest.mark.parametrize(
    ("path", "field", "good", "bad"),
    [
        ("receipts", "quantity", (1, 100_000), (0, -1, 100_001)),
        ("adjustments", "quantity", (-100_000, 100_000), (0, -100_001, 100_001)),
        ("adjustments", "reason", ("x", "x" * 200), ("", "x" * 201)),
    ],
)
async def test_stock_is_moved_within_limits(
    path: str, field: str, good: tuple[Any, ...], bad: tuple[Any, ...]
) -> None:
    body: dict[str, Any] = {"quantity": 1}
    if path == "adjustments":
        body["reason"] = "counted"
    async with web.client("inventory") as http:
        for value in good:
            answer = await http.post(f"/inventory/stock/A/{path}", json={**body, field: value})
            assert answer.status_code == 201, value
        for value in bad:
            answer = await http.post(f"/inventory/stock/A/{path}", json={**body, field: value})
            assert (answer.status_code, [*web.faults(answer)]) == (422, [field]), value


@pytest.mark.parametrize(("size", "status"), [(LARGEST_BODY, 201), (LARGEST_BODY + 1, 413)])
async def test_a_body_has_at_most_a_mebibyte(size: int, status: int) -> None:
    body = msgspec.json.encode({"quantity": 1}).ljust(size)
    async with web.client("inventory") as http:
        answer = await http.post("/inventory/stock/A/receipts", content=body, headers=JSON)
    assert answer.status_code == status
