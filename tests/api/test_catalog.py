"""Products over HTTP."""

from __future__ import annotations

from typing import Any

import web
from ecommerce.aggregates.catalog import (
    AddProduct,
    ChangePrice,
    DelistProduct,
    NoSuchProduct,
    ProductAlreadyExists,
    ProductHasChanged,
)
from ecommerce.kernel import Money
from ecommerce.projections.products import Product

TEA = {"sku": "tea-1", "name": "Tea", "price": {"amount": 450, "currency": "GBP"}}
ROWS = [
    Product(f"TEA-{n}", "Tea", 450, "GBP", on_hand=9, reserved=2, revision=3) for n in (1, 2, 3)
]


async def test_a_product_is_added_in_upper_case() -> None:
    loop = web.Loop()
    async with web.client("catalog", loop) as http:
        answer = await http.post("/catalog/products", json=TEA)
    assert answer.status_code == 201
    assert answer.json() == {**TEA, "sku": "TEA-1"}
    assert answer.headers["location"] == "/catalog/products/TEA-1"
    assert answer.headers["consistency-token"] == "catalog@7"
    assert "idempotent-replayed" not in answer.headers
    assert loop.commands == [AddProduct("TEA-1", "Tea", Money(450, "GBP"))]


async def test_the_same_key_is_answered_as_before_however_the_json_is_spaced() -> None:
    loop, key = web.Loop(), {"Idempotency-Key": "k 1"}
    async with web.client("catalog", loop) as http:
        first = await http.post("/catalog/products", json=TEA, headers=key)
        body = '{ "price": {"currency":"GBP","amount":450}, "name":"Tea","sku":"tea-1"}'
        http.headers["Content-Type"] = "application/json; charset=utf-8"
        again = await http.post("/catalog/products", content=body, headers=key)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert [unit.key for unit in loop.units] == ["http:anonymous:POST /catalog/products:k 1"]


async def test_a_key_is_refused_for_another_request() -> None:
    key = {"Idempotency-Key": "k"}
    async with web.client("catalog") as http:
        await http.post("/catalog/products", json=TEA, headers=key)
        answer = await http.post("/catalog/products", json={**TEA, "name": "Tee"}, headers=key)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/key-reused"


async def test_without_a_key_each_request_has_one_of_its_own() -> None:
    loop = web.Loop()
    async with web.client("catalog", loop) as http:
        await http.post("/catalog/products", json=TEA)
        await http.post("/catalog/products", json=TEA)
    assert len({unit.key for unit in loop.units}) == 2


async def test_everything_that_is_wrong_with_a_product_is_named() -> None:
    body: dict[str, Any] = {"sku": "", "price": {"amount": "1", "currency": "pound"}, "colour": "x"}
    async with web.client("catalog") as http:
        answer = await http.post("/catalog/products", json=body)
    assert answer.status_code == 422
    assert web.faults(answer) == {
        "sku": "must not be empty",
        "name": "is required",
        "price.amount": "must be a whole number, not text",
        "price.currency": "is not of the form that `/schema` shows",
        "colour": "is not a field",
    }


async def test_a_product_is_added_once() -> None:
    loop = web.Loop()
    loop.failure = ProductAlreadyExists()
    async with web.client("catalog", loop) as http:
        answer = await http.post("/catalog/products", json=TEA)
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "/problems/product-already-exists",
        "title": "Product already exists",
        "status": 409,
        "detail": "There is a product with this SKU already.",
    }


async def test_a_price_is_changed() -> None:
    loop, price = web.Loop(), {"amount": 500, "currency": "GBP"}
    async with web.client("catalog", loop) as http:
        answer = await http.put("/catalog/products/tea%201/price", json={"price": price})
    assert (answer.status_code, answer.json()) == (200, {"sku": "TEA 1", "price": price})
    assert answer.headers["consistency-token"] == "catalog@7"
    assert loop.commands == [ChangePrice("TEA 1", Money(500, "GBP"))]


async def test_the_price_of_no_product_cannot_be_changed() -> None:
    loop = web.Loop()
    loop.failure = NoSuchProduct()
    async with web.client("catalog", loop) as http:
        body = {"price": {"amount": 500, "currency": "GBP"}}
        answer = await http.put("/catalog/products/nope/price", json=body)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no product NOPE."


async def test_a_page_of_products_names_the_next() -> None:
    async with web.client("catalog", models=web.Models(products=ROWS)) as http:
        answer = await http.get("/catalog/products", params={"limit": 2})
        last = await http.get("/catalog/products", params={"limit": 3})
    first = {"sku": "TEA-1", "name": "Tea", "price": TEA["price"], "available": 7, "revision": 3}
    assert answer.json()["items"][0] == first
    assert len(answer.json()["items"]) == 2
    assert answer.json()["next"] == "/catalog/products?after=TEA-2&limit=2"
    assert answer.headers["link"] == f'<{answer.json()["next"]}>; rel="next"'
    assert last.json()["next"] is None
    assert "link" not in last.headers


async def test_a_read_hands_its_token_on() -> None:
    models = web.Models(products=ROWS)
    async with web.client("catalog", models=models) as http:
        token = {"Consistency-Token": "catalog@9, inventory@3"}
        answer = await http.get("/catalog/products/tea-1", headers=token)
    assert answer.json()["available"] == 7
    assert models.tokens == ["catalog@9, inventory@3"]
    assert models.values == [{"sku": "TEA-1"}]


async def test_a_product_that_is_not_there_is_not_found() -> None:
    async with web.client("catalog") as http:
        answer = await http.get("/catalog/products/nope")
    assert (answer.status_code, answer.json()["type"]) == (404, "about:blank")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_bad_parameters_are_named() -> None:
    async with web.client("catalog") as http:
        params = await http.get("/catalog/products", params={"limit": 101})
        path = await http.get("/catalog/products/$")
        header = await http.post(
            "/catalog/products", json=TEA, headers={"Idempotency-Key": "k" * 256}
        )
        token = await http.get("/catalog/products", headers={"Consistency-Token": "now"})
    answers = (params, path, header, token)
    assert [answer.status_code for answer in answers] == [400] * 4
    assert [[*web.faults(answer)] for answer in answers] == [
        ["limit"],
        ["sku"],
        ["Idempotency-Key"],
        ["Consistency-Token"],
    ]


async def test_a_product_is_delisted() -> None:
    loop = web.Loop()
    async with web.client("catalog", loop) as http:
        answer = await http.delete("/catalog/products/tea-1")
    assert (answer.status_code, answer.json()) == (200, {"sku": "TEA-1"})
    assert answer.headers["consistency-token"] == "catalog@7"
    assert loop.commands == [DelistProduct("TEA-1")]


async def test_what_is_not_there_cannot_be_delisted() -> None:
    loop = web.Loop()
    loop.failure = NoSuchProduct()
    async with web.client("catalog", loop) as http:
        answer = await http.delete("/catalog/products/tea-1")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no product TEA-1.")


async def test_a_product_and_each_change_of_it_name_its_revision() -> None:
    loop = web.Loop(lambda _: ["product-TEA-1@4"])
    async with web.client("catalog", loop, web.Models(products=ROWS[:1])) as http:
        shown = await http.get("/catalog/products/tea-1")
        headers = {"If-Match": shown.headers["etag"]}
        changed = await http.put(
            "/catalog/products/tea-1/price", json={"price": TEA["price"]}, headers=headers
        )
        delisted = await http.delete(
            "/catalog/products/tea-1", headers={"If-Match": changed.headers["etag"]}
        )
        anyhow = await http.delete("/catalog/products/tea-1", headers={"If-Match": "*"})
    assert (shown.headers["etag"], changed.headers["etag"]) == ('"3"', '"4"')
    assert (delisted.status_code, anyhow.status_code) == (200, 200)
    assert [command.revision for command in loop.commands] == [3, 4, None]


async def test_who_comes_after_another_is_told_to_read_again() -> None:
    loop = web.Loop()
    loop.failure = ProductHasChanged()
    async with web.client("catalog", loop) as http:
        answer = await http.delete("/catalog/products/tea-1", headers={"If-Match": '"3"'})
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/product-has-changed")
    assert answer.json()["detail"].endswith("Read it again.")


async def test_what_is_no_etag_of_ours_is_refused() -> None:
    async with web.client("catalog") as http:
        answer = await http.delete("/catalog/products/tea-1", headers={"If-Match": 'W/"3"'})
    assert (answer.status_code, [*web.faults(answer)]) == (400, ["If-Match"])
