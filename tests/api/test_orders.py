"""Orders over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

import web
from api_pages import ORDER
from ecommerce.aggregates.orders import OrderIsEmpty, PlaceOrder
from ecommerce.api.ids import uuid7
from ecommerce.events.orders import Address, Charge, Customer, OrderLine
from ecommerce.kernel import Money
from ecommerce.projections.order_page import OrderPage
from ecommerce.projections.price_list import Price
from ecommerce.projections.sales import DayOfSales
from facts import NOON

PRICES = [Price("TEA-1", "Tea", 450, "GBP"), Price("POT-1", "Pot", 1999, "GBP")]
IMPORTER = web.caller("importer", "orders:import", "orders:price")


def pounds(pence: int) -> dict[str, Any]:
    return {"amount": pence, "currency": "GBP"}


def body(**fields: Any) -> dict[str, Any]:
    return {
        "customer": {"email": "ann@example.org"},
        "shipping_address": {"country": "GB"},
        "payment_method": "pm_card_visa",
        "lines": [{"sku": "tea-1", "quantity": 2}],
        **fields,
    }


def decide(command: PlaceOrder) -> list[str]:
    if not command.lines and not command.charges:
        raise OrderIsEmpty
    return [f"order-{command.order_id}@1"]


class Shop:
    """The orders service, with two products for sale."""

    def __init__(self) -> None:
        self.loop = web.Loop(decide)
        self.models = web.Models(price_list=PRICES)

    async def post(self, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        async with web.client("orders", self.loop, self.models) as http:
            return await http.post("/orders", json=body(**fields), headers=headers)


async def test_an_order_is_taken_at_the_current_prices() -> None:
    shop = Shop()
    lines = [
        {"sku": "tea-1", "quantity": 2},
        {"sku": "POT-1", "quantity": 1, "unit_price": pounds(1999)},
        {"sku": "TEA-1", "quantity": 1},
    ]
    answer = await shop.post({**web.caller("ann"), "Consistency-Token": "catalog@3"}, lines=lines)
    order_id = answer.json()["order_id"]
    assert answer.status_code == 202
    assert UUID(order_id).version == 7
    assert answer.headers["location"] == answer.json()["status_url"] == f"/orders/{order_id}"
    assert answer.headers["consistency-token"] == "orders@7"
    assert shop.models.tokens == ["catalog@3"]
    (command,) = shop.loop.commands
    assert command == PlaceOrder(
        order_id=order_id,
        owner="ann",
        customer=Customer(email="ann@example.org"),
        shipping_address=Address("GB"),
        payment_method="pm_card_visa",
        lines=(
            OrderLine(1, "TEA-1", 2, Money(450, "GBP")),
            OrderLine(2, "POT-1", 1, Money(1999, "GBP")),
            OrderLine(3, "TEA-1", 1, Money(450, "GBP")),
        ),
        charges=(),
        placed_at=command.placed_at,
    )


async def test_an_orders_events_belong_to_it() -> None:
    shop = Shop()
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    answer = await shop.post({"X-Request-Id": "r1", "traceparent": trace, **web.caller("ann")})
    (unit,) = shop.loop.units
    assert unit.cause.correlation_id == answer.json()["order_id"]
    assert (unit.cause.causation_id, unit.cause.actor) == ("r1", "ann")
    assert unit.cause.traceparent == trace


async def test_a_repeated_request_names_the_first_order() -> None:
    shop, key = Shop(), {"Idempotency-Key": "k"}
    first = await shop.post(key)
    again = await shop.post(key)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_repeated_request_names_the_first_order_though_its_price_has_changed() -> None:
    shop, key = Shop(), {"Idempotency-Key": "k"}
    lines = [{"sku": "TEA-1", "quantity": 1, "unit_price": pounds(450)}]
    first = await shop.post(key, lines=lines)
    shop.models.rows = {"price_list": [Price("TEA-1", "Tea", 500, "GBP")]}
    again = await shop.post(key, lines=lines)
    other = await shop.post(lines=lines)
    assert again.json() == first.json()
    assert other.json()["type"] == "/problems/price-changed"


async def test_an_order_is_answered_at_once_unless_the_client_prefers_to_wait() -> None:
    shop = Shop()
    answer = await shop.post()
    assert (answer.status_code, answer.json()["status"]) == (202, "open")
    assert "preference-applied" not in answer.headers
    assert len(shop.models.values) == 1


async def test_an_order_that_is_decided_in_time_is_answered_with_its_outcome() -> None:
    shop = Shop()
    known = shop.loop.submit

    async def submit(unit: Any) -> Any:
        shop.models.rows["order_page"] = [page(unit.command.order_id)]
        return await known(unit)

    shop.loop.submit = submit  # type: ignore[method-assign] # the order's page appears with it
    answer = await shop.post({"Prefer": "wait=5"})
    assert (answer.status_code, answer.json()["status"]) == (201, "cancelled")
    assert (answer.json()["code"], answer.json()["reason"]) == ("timed_out", "it took too long")
    assert answer.headers["preference-applied"] == "wait=5"


async def test_an_order_that_is_not_decided_in_time_is_open() -> None:
    answer = await Shop().post({"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "open")
    assert answer.headers["preference-applied"] == "wait=1"


async def test_another_price_is_refused_line_by_line() -> None:
    lines = [
        {"sku": "TEA-1", "quantity": 1, "unit_price": pounds(1)},
        {"sku": "POT-1", "quantity": 1, "unit_price": {"amount": 1999, "currency": "EUR"}},
    ]
    answer = await Shop().post(lines=lines)
    assert (answer.status_code, answer.json()["title"]) == (409, "Price changed")
    assert web.faults(answer) == {
        "lines[0].unit_price": "is £4.50 now",
        "lines[1].unit_price": "is £19.99 now",
    }


async def test_what_is_not_sold_is_refused_line_by_line() -> None:
    lines = [
        {"sku": "a", "quantity": 1},
        {"sku": "TEA-1", "quantity": 1},
        {"sku": "b", "quantity": 1},
    ]
    answer = await Shop().post(lines=lines)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-sku")
    assert web.faults(answer) == {"lines[0].sku": "A is not sold", "lines[2].sku": "B is not sold"}


async def test_an_importer_sets_prices_charges_time_and_reference() -> None:
    shop = Shop()
    answer = await shop.post(
        IMPORTER,
        lines=[{"sku": "TEA-1", "quantity": 1, "unit_price": pounds(1)}],
        charges=[{"code": "POST", "amount": pounds(300)}],
        placed_at="2010-12-01T09:26:00+01:00",
        reference="536365",
    )
    assert answer.status_code == 202
    (command,) = shop.loop.commands
    assert command.lines[0].unit_price == Money(1, "GBP")
    assert command.charges == (Charge("POST", Money(300, "GBP")),)
    assert command.placed_at.isoformat() == "2010-12-01T08:26:00+00:00"
    assert command.reference == "536365"


async def test_an_importer_may_place_an_order_of_charges_alone() -> None:
    answer = await Shop().post(IMPORTER, lines=[], charges=[{"code": "POST", "amount": pounds(1)}])
    assert answer.status_code == 202


async def test_nobody_else_may() -> None:
    answer = await Shop().post(
        web.caller("ann", "orders:price"),
        charges=[{"code": "POST", "amount": pounds(1)}],
        placed_at="2010-12-01T09:26:00Z",
        reference="1",
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope-missing")
    assert [*web.faults(answer)] == ["charges", "placed_at", "reference"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"lines": []}, ["lines"]),
        ({"lines": [{"sku": "TEA-1", "quantity": 1}] * 2001}, ["lines"]),
        (
            {"lines": [{"sku": "", "quantity": 0}, {"quantity": 1.5, "unit_price": {}}]},
            [
                "lines[0].sku",
                "lines[0].quantity",
                "lines[1].sku",
                "lines[1].quantity",
                "lines[1].unit_price.amount",
                "lines[1].unit_price.currency",
            ],
        ),
        ({"payment_method": "4242424242424242"}, ["payment_method"]),
        (
            {"customer": {"email": "ann"}, "shipping_address": {}},
            ["customer.email", "shipping_address.country"],
        ),
        ({"placed_at": "2010-12-01T09:26:00"}, ["placed_at"]),
        ({"refrence": "1"}, ["refrence"]),
    ],
)
async def test_everything_that_is_wrong_with_an_order_is_named(
    fields: Any, named: list[str]
) -> None:
    answer = await Shop().post(**fields)
    assert answer.status_code == 422
    assert [*web.faults(answer)] == named


async def test_an_order_has_one_currency_and_an_amount_that_can_be_charged() -> None:
    euros = {"code": "POST", "amount": {"amount": 1, "currency": "EUR"}}
    mixed = await Shop().post(IMPORTER, charges=[euros])
    most = {"sku": "TEA-1", "quantity": 100_000, "unit_price": pounds(10**9)}
    huge = await Shop().post(IMPORTER, lines=[most] * 11)
    less = await Shop().post(IMPORTER, charges=[{"code": "D", "amount": pounds(-901)}])
    assert mixed.status_code == huge.status_code == less.status_code == 422
    assert web.faults(mixed) == {"lines": "are in EUR and GBP; an order has one currency"}
    assert web.faults(less) == {"charges": "take more off than the lines come to"}
    assert web.faults(huge) == {"lines": "come to more than can be charged"}


def page(order_id: str) -> OrderPage:
    return replace(ORDER, order_id=order_id)


async def test_an_order_is_shown() -> None:
    models = web.Models(order_page=[page("7")])
    async with web.client("orders", models=models) as http:
        answer = await http.get("/orders/7", headers={"Consistency-Token": "orders@7"})
    shown = answer.json()
    assert (shown["order_id"], shown["status"], shown["total"]) == ("7", "cancelled", pounds(900))
    assert (shown["code"], shown["compensating"], shown["compensated"]) == (
        "timed_out",
        True,
        False,
    )
    assert models.tokens == ["orders@7"]


async def test_an_order_that_is_not_there_is_not_found() -> None:
    async with web.client("orders") as http:
        missing = await http.get("/orders/8")
        unlikely = await http.get("/orders/a%20b")
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no order 8.")
    assert (unlikely.status_code, [*web.faults(unlikely)]) == (400, ["order_id"])


async def test_callers_see_their_own_orders_alone() -> None:
    models = web.Models(order_page=[page("7")])
    async with web.client("orders", models=models) as http:
        await http.get("/orders", headers=web.caller("ann"))
        await http.get("/orders", headers=web.caller("bob", "orders:read"))
    assert [values["owner"] for values in models.values] == ["ann", None]


async def test_orders_are_found_by_reference_a_page_at_a_time() -> None:
    models = web.Models(order_page=[page("7"), page("6")])
    query = "reference=a%20b&reference=2&after=8&limit=1"
    async with web.client("orders", models=models) as http:
        answer = await http.get("/orders", params=query)
    assert answer.json()["next"] == "/orders?reference=a+b&reference=2&after=7&limit=1"
    assert [order["order_id"] for order in answer.json()["items"]] == ["7"]
    (values,) = models.values
    assert (values["references"], values["after"], values["limit"]) == (["a b", "2"], "8", 2)


async def test_a_hundred_references_are_looked_for_at_once() -> None:
    async with web.client("orders") as http:
        answer = await http.get("/orders", params=[("reference", "1")] * 101)
    assert (answer.status_code, [*web.faults(answer)]) == (400, ["reference"])


async def test_sales_are_reported_by_day() -> None:
    day = DayOfSales(NOON.date(), "GBP", 3, 1, 1, {"timed_out": 1}, 2, 900)
    async with web.client("orders", models=web.Models(sales=[day])) as http:
        answer = await http.get("/reports/sales", params={"from": "2010-12-01", "to": "2010-12-02"})
    wanted = {**msgspec.to_builtins(day), "revenue": pounds(900)}
    del wanted["amount"]
    assert answer.json() == {"items": [wanted]}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": "2010-12-02", "to": "2010-12-01"}, ["from", "to"]),
        ({"from": "yesterday", "to": "2010-13-01"}, ["from", "to"]),
        ({"from": "2010-12-02"}, ["to"]),
    ],
)
async def test_a_report_has_a_period(query: dict[str, str], named: list[str]) -> None:
    async with web.client("orders") as http:
        answer = await http.get("/reports/sales", params=query)
    assert (answer.status_code, [*web.faults(answer)]) == (400, named)


def test_ids_sort_by_the_time_of_their_making() -> None:
    ids = [uuid7() for _ in range(3)]
    assert all((one.version, one.variant) == (7, "specified in RFC 4122") for one in ids)
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"customer": {"name": "a\u0000b"}}, "customer.name"),
        ({"customer": {"name": "Ann\nBcc: eve@example.org"}}, "customer.name"),
        ({"lines": [{"sku": "TEA-1", "quantity": 1}], "reference": "7\u0000"}, "reference"),
        ({"placed_at": "9999-12-31T23:59:59-14:00"}, "placed_at"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at"),
    ],
)
async def test_what_no_read_model_could_store_is_refused(
    fields: dict[str, Any], named: str
) -> None:
    answer = await Shop().post(IMPORTER, **fields)
    assert answer.status_code == 422
    assert named in {fault["field"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("path", ["/orders?after=%00", "/orders?reference=%00", "/orders/%00"])
async def test_a_url_holds_no_control_character(path: str) -> None:
    async with web.client("orders", web.Loop(decide), web.Models()) as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
