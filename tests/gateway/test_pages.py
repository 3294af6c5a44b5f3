"""The gateway's own pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

import web
from ecommerce.api import health
from ecommerce.api.app import application as service
from ecommerce.gateway.answers import LINKS
from ecommerce.gateway.app import application
from ecommerce.gateway.main import CONTEXTS
from ecommerce.gateway.merging import merge
from ecommerce.gateway.openapi import KEPT_FOR, Description
from ecommerce.gateway.pages import ASSETS
from ecommerce.gateway.proxy import open_session
from ecommerce.gateway.upstreams import Upstream


@asynccontextmanager
async def shop(*without: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run all services but some, and the gateway, and give a client of it."""
    routers = web.routers(web.Loop(), web.Models())
    async with AsyncExitStack() as stack:
        upstreams = {context: Upstream("http://127.0.0.1:1") for context in CONTEXTS}
        for context, router in routers.items():
            if context not in without:
                own = [health.router(web.all_is_well)]
                app = service(context, [router, *own])
                url = await stack.enter_async_context(web.running(app))
                upstreams[context] = Upstream(url)
        session = await stack.enter_async_context(open_session())
        url = await stack.enter_async_context(web.running(application(session, upstreams)))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=url))


async def test_the_gateway_is_ready_when_each_context_is() -> None:
    async with shop() as http:
        answer = await http.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json() == {"ready": True, "checks": dict.fromkeys(CONTEXTS, True)}


async def test_the_gateway_says_which_context_it_waits_for() -> None:
    async with shop("audit") as http:
        ready, live = await http.get("/health/ready"), await http.get("/health/live")
        assert (ready.status_code, live.status_code) == (503, 200)
        assert ready.json()["checks"]["audit"] is False


async def test_the_first_page_says_where_things_are() -> None:
    async with shop() as http:
        answer = await http.get("/")
        links = {link for link in answer.json().values() if link.startswith("/")}
        assert "/schema" in links
        for link in links:
            assert (await http.get(link)).status_code == 200, link


async def test_what_is_nowhere_is_a_problem() -> None:
    async with shop(*CONTEXTS) as http:
        answer = await http.get("/nowhere")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_one_description_tells_of_all_services() -> None:
    async with shop() as http:
        answer = await http.get("/schema/openapi.json")
        document = answer.json()
    validate(document)
    paths = document["paths"]
    assert paths.keys() == {
        "/catalog/products",
        "/catalog/products/{sku}",
        "/catalog/products/{sku}/price",
        "/inventory/stock/{sku}",
        "/inventory/stock/{sku}/adjustments",
        "/inventory/stock/{sku}/receipts",
        "/orders",
        "/inventory/stock/{sku}/movements",
        "/orders/{order_id}",
        "/notifications",
        "/orders/{order_id}/cancel",
        "/orders/{order_id}/events",
        "/orders/{order_id}/deliveries",
        "/orders/{order_id}/shipments",
        "/orders/{order_id}/timeline",
        "/payments/webhooks",
        "/payments/{order_id}",
        "/reports/sales",
        "/sagas",
    }
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert paths["/orders/{order_id}/timeline"]["get"]["tags"] == ["audit"]
    assert paths["/orders"]["post"]["x-scope"] == "orders:write"
    assert paths["/orders"]["post"]["summary"] == "Place an order"
    assert paths["/orders"]["post"]["description"].startswith("It costs what")


async def test_the_description_tells_what_any_request_may_meet_and_where_each_leads() -> None:
    async with shop() as http:
        document = (await http.get("/schema/openapi.json")).json()
    told = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    for name, operation in told.items():
        assert {"413", "500", "502", "503", "504"} <= operation["responses"].keys(), name
        examples = operation["responses"]["503"]["content"]["application/problem+json"]["examples"]
        assert {"no-instance", "gateway-full"} <= examples.keys(), name
        assert "Retry-After" in operation["responses"]["503"]["headers"], name
    for name, links in LINKS.items():
        (answer, *_) = (it for status, it in told[name]["responses"].items() if status[0] == "2")
        assert answer["links"].keys() == links.keys() <= told.keys()
    assert "orders_show_order" in told["orders_place_order"]["responses"]["201"]["links"]
    for name, example in document["components"]["examples"].items():
        status = example["value"]["status"]
        assert name.endswith(f"-{status}")
    assert {"Problem", "catalog.Page_Product"} <= document["components"]["schemas"].keys()
    assert "If-Match" in document["info"]["description"]


def described(schema: dict[str, Any], path: str) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Thing"}
    content = {"application/json": {"schema": {"type": "array", "items": reference}}}
    answer = {"200": {"description": "ok", "content": content}}
    return {
        "paths": {path: {"get": {"operationId": "get", "responses": answer}}},
        "components": {
            "schemas": {
                "Thing": schema,
                "Other": {"properties": {"it": reference}},
                "Problem": {"type": "object"},
            }
        },
    }


def test_what_two_contexts_call_the_same_is_kept_apart() -> None:
    number, text = {"type": "integer"}, {"type": "string"}
    document = merge(
        {"catalog": described(number, "/catalog/x"), "orders": described(text, "/orders/x")}
    )
    validate(document)
    schemas = document["components"]["schemas"]
    assert (schemas["catalog.Thing"], schemas["orders.Thing"]) == (number, text)
    other = schemas["orders.Other"]["properties"]["it"]
    assert other == {"$ref": "#/components/schemas/orders.Thing"}
    assert '"#/components/schemas/Thing"' not in str(document)


def test_a_context_describes_only_what_is_routed_to_it() -> None:
    document = merge({"catalog": described({}, "/orders/x")})
    assert document["paths"] == {}


async def test_a_description_is_kept_once_every_service_was_heard() -> None:
    now, answers = 0.0, iter([None, described({}, "/catalog/a"), described({}, "/catalog/b")])

    async def fetch() -> dict[str, Any]:
        return {"catalog": next(answers)}

    describe = Description(fetch, lambda: now)
    assert (await describe())["paths"] == {}
    assert [*(await describe())["paths"]] == ["/catalog/a"]
    assert [*(await describe())["paths"]] == ["/catalog/a"]
    now += KEPT_FOR
    assert [*(await describe())["paths"]] == ["/catalog/b"]


async def test_the_page_for_people_loads_nothing_from_elsewhere() -> None:
    async with shop(*CONTEXTS) as http:
        page = await http.get("/schema")
        html = page.text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert {link.rpartition("/")[2] for link in loaded} == ASSETS.keys()
        assert all(link.startswith("/schema/ui/") for link in loaded)
        assert "//" not in html.replace("<!doctype html>", "")
        for link in loaded:
            answer = await http.get(link)
            assert (answer.status_code, answer.content != b"") == (200, True), link
        script = (await http.get("/schema/ui/start.js")).text
        assert 'url: "/schema/openapi.json"' in script


@pytest.mark.parametrize("name", ["nope.js", "..%2Fpages.py", "index.html"])
async def test_nothing_else_is_given(name: str) -> None:
    async with shop(*CONTEXTS) as http:
        answer = await http.get(f"/schema/ui/{name}")
        assert answer.status_code == 404


async def test_the_type_of_a_problem_is_an_address_that_tells_what_it_means() -> None:
    async with shop() as http:
        refused = await http.post("/orders", content=b"{")
        told = await http.get(refused.json()["type"])
        listed = await http.get("/problems")
        missing = await http.get("/problems/boredom")
    assert (refused.status_code, told.json()["status"]) == (415, 415)
    assert told.json()["remedy"] == "Send it with `Content-Type: application/json`."
    assert told.json() in listed.json()
    assert missing.status_code == 404
