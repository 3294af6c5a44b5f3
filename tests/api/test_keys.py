"""A caller's keys are the caller's own, and never anybody's message."""

from __future__ import annotations

import pytest

import web

TEA = {"sku": "tea-1", "name": "Tea", "price": {"amount": 450, "currency": "GBP"}}


async def test_the_same_key_of_another_caller_is_another_key() -> None:
    loop, key = web.Loop(), {"Idempotency-Key": "k"}
    async with web.client("catalog", loop) as http:
        for name in ("ann", "bob"):
            answer = await http.post(
                "/catalog/products", json=TEA, headers={**key, **web.caller(name, "catalog:write")}
            )
            assert answer.status_code == 201
            assert "idempotent-replayed" not in answer.headers
    assert [unit.key for unit in loop.units] == [
        "http:ann:POST /catalog/products:k",
        "http:bob:POST /catalog/products:k",
    ]


@pytest.mark.parametrize(
    "imitation",
    ["msg:orders:order-7@1", "timer:order-7@1", "call:payment-7@2", "bob:POST /catalog/products:k"],
)
async def test_a_key_that_imitates_another_s_has_no_effect(imitation: str) -> None:
    loop = web.Loop()
    async with web.client("catalog", loop) as http:
        headers = {"Idempotency-Key": imitation, **web.caller("ann", "catalog:write")}
        await http.post("/catalog/products", json=TEA, headers=headers)
    assert [unit.key for unit in loop.units] == [f"http:ann:POST /catalog/products:{imitation}"]


@pytest.mark.parametrize("name", ["ann:POST /orders", "msg:orders", "a:b"])
async def test_no_caller_s_name_reaches_into_another_s_keys(name: str) -> None:
    loop = web.Loop()
    async with web.client("catalog", loop) as http:
        answer = await http.post("/catalog/products", json=TEA, headers={"X-Caller": name})
    assert answer.status_code == 400
    assert loop.units == []
