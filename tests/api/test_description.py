"""The API's description: true to what is taken and answered, and full of examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

import web
from ecommerce.api import health, outcomes
from ecommerce.api.app import application
from ecommerce.api.example_answers import ANSWERS
from ecommerce.api.examples import BODIES

CONTEXTS = [*web.routers(web.Loop(), web.Models())]


def described(context: str) -> dict[str, Any]:
    router = web.routers(web.Loop(), web.Models())[context]
    app = application(context, [router, health.router(web.all_is_well)])
    document: dict[str, Any] = app.openapi_schema.to_schema()
    return document


DOCUMENTS = {context: described(context) for context in CONTEXTS}


def operations() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for document in DOCUMENTS.values():
        for methods in document["paths"].values():
            for operation in methods.values():
                yield operation["operationId"], operation, document


def contents() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """List all JSON that is sent, and all that is answered well."""
    for name, operation, document in operations():
        answers = operation["responses"].items()
        parts = {f"{name} {status}": answer for status, answer in answers if status[0] == "2"}
        for place, part in {**parts, f"{name} body": operation.get("requestBody", {})}.items():
            if content := part.get("content", {}).get("application/json"):
                yield place, content, document


def parameters(name: str) -> dict[str, Any]:
    (operation,) = {id(it): it for called, it, _ in operations() if called == name}.values()
    return {parameter["name"]: parameter for parameter in operation["parameters"]}


def schema(context: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENTS[context]["components"]["schemas"][name]
    return found


def test_everything_that_is_sent_and_answered_has_an_example_that_is_as_its_schema_says() -> None:
    seen = set()
    for place, content, document in contents():
        assert "example" in content, place
        whole = {**content["schema"], "components": document["components"]}
        validator = Draft202012Validator(whole, format_checker=FormatChecker())
        errors = [error.message for error in validator.iter_errors(content["example"])]
        assert not errors, place
        seen.add(place)
    assert len(seen) > 30


def test_each_example_belongs_to_a_route() -> None:
    assert {*BODIES, *ANSWERS} <= {name for name, _, _ in operations()}


def test_each_parameter_that_is_shown_an_example_takes_it() -> None:
    for name, operation, _ in operations():
        for parameter in operation["parameters"]:
            if "example" in parameter:
                validator = Draft202012Validator(parameter["schema"])
                assert validator.is_valid(parameter["example"]), (name, parameter["name"])


def test_each_header_of_an_answer_has_an_example() -> None:
    headers = [
        header
        for _, operation, _ in operations()
        for answer in operation["responses"].values()
        for header in answer.get("headers", {}).values()
    ]
    assert headers
    assert all(header["description"] and header["example"] for header in headers)


def test_an_order_that_is_decided_at_once_is_answered_under_the_headers_of_one_that_is_not() -> (
    None
):
    (order,) = (operation for name, operation, _ in operations() if name == "place_order")
    decided, taken = order["responses"]["201"], order["responses"]["202"]
    assert {"Consistency-Token", "Location", "Preference-Applied"} <= {*taken["headers"]}
    assert decided["headers"] == taken["headers"]


def test_a_stream_of_events_says_what_it_is() -> None:
    (follow,) = (operation for name, operation, _ in operations() if name == "follow_order")
    stream = follow["responses"]["200"]
    assert stream["description"].startswith("Server-sent events as they happen;")
    schema = stream["content"]["text/event-stream"]["schema"]
    told = DOCUMENTS["audit"]["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    assert {*told["properties"]} == {"event", "data", "id"}
    assert told["required"] == ["data", "event"]


def test_how_long_anybody_waits_stands_where_it_is_asked_for() -> None:
    assert (
        f"never more than {outcomes.LONGEST}." in parameters("place_order")["Prefer"]["description"]
    )


def test_types_and_fields_say_what_they_mean() -> None:
    for context, document in DOCUMENTS.items():
        for name, told in document["components"]["schemas"].items():
            assert told["description"], (context, name)
    words = schema("payments", "PaymentView")["properties"]["authentication_url"]["description"]
    assert words.startswith("Where the customer tells the bank")


def test_what_is_sent_takes_no_other_fields_and_no_control_characters() -> None:
    order = schema("orders", "NewOrder")
    assert order["additionalProperties"] is False
    reference = Draft202012Validator(order["properties"]["reference"])
    assert reference.is_valid("a b")
    assert not reference.is_valid("a\x00b")
    assert "additionalProperties" not in schema("orders", "OrderView")


def test_a_body_that_may_be_left_out_is_not_required() -> None:
    required = {
        name: operation["requestBody"]["required"]
        for name, operation, _ in operations()
        if "requestBody" in operation
    }
    assert {name for name, needed in required.items() if not needed} == {
        "cancel_order",
        "ship_order",
    }


def test_parameters_are_never_null() -> None:
    for name, operation, _ in operations():
        for parameter in operation["parameters"]:
            assert "oneOf" not in parameter["schema"], (name, parameter["name"])
    assert parameters("show_movements")["after"]["schema"]["minimum"] == 0
    assert parameters("list_sagas")["state"]["schema"]["enum"] == ["waiting", "settled"]


@pytest.mark.parametrize(
    ("context", "path"),
    [
        ("audit", "/sagas?state=null"),
        ("inventory", "/inventory/stock/A/movements?after=null"),
        ("notifications", "/notifications?order_id=7&after=null"),
    ],
)
async def test_the_word_null_is_not_nothing(context: str, path: str) -> None:
    async with web.client(context) as http:
        answer = await http.get(path)
    assert (answer.status_code, len(web.faults(answer))) == (400, 1)


async def test_the_word_null_is_text_where_text_is_asked_for() -> None:
    models = web.Models()
    async with web.client("orders", models=models) as http:
        answer = await http.get("/orders?after=null&reference=null")
    assert answer.status_code == 200
    assert (models.values[0]["after"], models.values[0]["references"]) == ("null", ["null"])


@pytest.mark.parametrize(
    ("context", "path", "methods"),
    [
        ("orders", "/orders", "GET, HEAD, OPTIONS, POST"),
        ("catalog", "/catalog/products/A", "DELETE, GET, HEAD, OPTIONS"),
        ("orders", "/orders/7/cancel", "OPTIONS, POST"),
    ],
)
async def test_an_address_says_all_that_it_takes(context: str, path: str, methods: str) -> None:
    async with web.client(context) as http:
        asked, refused = await http.options(path), await http.patch(path)
    assert (asked.status_code, asked.headers["allow"]) == (204, methods)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)
    assert refused.json()["detail"] == f"This address takes only {methods}."
