"""docs/asyncapi.json is what the code says, is valid, and is enough to read every event by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ecommerce.bus.asyncapi.document import document
from ecommerce.bus.asyncapi.samples import sample
from ecommerce.bus.asyncapi.schemas import schemas
from ecommerce.bus.topology import definitions, exchange, routes
from ecommerce.cli.asyncapi import content
from ecommerce.contexts import CONTEXTS
from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.sandbox import ports
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import members, published_topics, routing_key
from node import npm

FILE = Path(__file__).parents[2] / "docs/asyncapi.json"
MEMBERS = [context.member for context in CONTEXTS.values()]
DOCUMENT: dict[str, Any] = json.loads(content())
CHANNELS, OPERATIONS = DOCUMENT["channels"], DOCUMENT["operations"]
MESSAGES, SCHEMAS = DOCUMENT["components"]["messages"], DOCUMENT["components"]["schemas"]

SPECIFICATION = "@asyncapi/specs@6.11.1"


def last(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for inner in part.values():
                yield from references(inner)
        case list():
            for inner in part:
                yield from references(inner)


def follow(reference: str) -> Any:
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_checked_in_document_is_what_the_code_says() -> None:
    assert FILE.read_bytes() == content(), "run `ecommerce asyncapi write` and look at the change"


@pytest.fixture(scope="module")
def specification(tmp_path_factory: pytest.TempPathFactory) -> Draft7Validator:
    """Fetch AsyncAPI's own schema."""
    place = tmp_path_factory.mktemp("asyncapi")
    npm(place, "install", "--no-save", "--prefix", str(place), SPECIFICATION)
    schema = place / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
    return Draft7Validator(json.loads(schema.read_text()))


def test_it_is_valid_by_the_asyncapi_specification(specification: Draft7Validator) -> None:
    errors = specification.iter_errors(DOCUMENT)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


def test_the_specification_finds_mistakes(specification: Draft7Validator) -> None:
    wrong = json.loads(content())
    wrong["operations"]["ordersPublishes"]["action"] = "shout"
    wrong["channels"]["orders.events"]["bindings"]["amqp"]["is"] = "topic"
    wrong["components"]["schemas"]["Money"]["type"] = "money"
    assert len([*specification.iter_errors(wrong)]) == 3


def test_every_reference_leads_somewhere() -> None:
    found = [*references(DOCUMENT)]
    assert found
    assert all(follow(reference) for reference in found)


@pytest.mark.parametrize("context", PUBLISHED)
def test_a_channel_has_every_event_of_its_context(context: str) -> None:
    published = published_topics(context)
    assert published
    for name in (f"{context}.events", f"{context}.history"):
        messages = CHANNELS[name]["messages"]
        assert [*messages] == published == [last(each) for each in messages.values()]
    assert [last(each) for each in OPERATIONS[f"{context}Publishes"]["messages"]] == published


def test_operations_say_who_reacts_to_what() -> None:
    told = {
        (title.partition("ReactsTo")[0], *last(message).split(".")[:2])
        for title, operation in OPERATIONS.items()
        if "ReactsTo" in title
        for message in operation["messages"]
    }
    routed = {
        (member.name, *key.split(".")[:2]) for member in MEMBERS for _, _, key in routes(member)
    }
    assert told == routed


def test_an_operation_takes_only_messages_of_its_channel() -> None:
    for operation in OPERATIONS.values():
        channel = operation["channel"]["$ref"]
        assert operation["messages"]
        assert all(each["$ref"].startswith(f"{channel}/") for each in operation["messages"])


def test_channels_are_what_stands_in_the_broker() -> None:
    standing = definitions(MEMBERS)
    made = {item["name"]: item for item in standing["exchanges"] + standing["queues"]}
    for name, channel in CHANNELS.items():
        told = channel["bindings"]["amqp"]
        shape = told.get("exchange") or told.get("queue")
        assert (shape["name"], shape["vhost"]) == (name, made[name]["vhost"])
        assert (shape["durable"], shape["autoDelete"]) == (True, made[name]["auto_delete"])
        assert shape.get("type") == made[name].get("type")


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_s_example_is_what_its_schema_says_and_what_the_code_reads(name: str) -> None:
    message = MESSAGES[name]
    (example,) = message["examples"]
    for part in ("headers", "payload"):
        Draft7Validator({**DOCUMENT, **message[part]}).validate(example[part])
    recorded = Codec(events()).decode(json.dumps(example["payload"]).encode(), position=1)
    assert recorded
    assert type(recorded.event).__name__ == message["title"]


def test_the_events_of_an_order_belong_to_it() -> None:
    (order_id,) = {
        payload["data"]["order_id"] for payload in payloads() if "order_id" in payload["data"]
    }
    for payload in payloads():
        of_order = order_id in json.dumps(payload["data"])
        assert (payload["correlationid"] == order_id) is of_order, payload["type"]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_published_under_its_channel_s_address(name: str) -> None:
    payload = MESSAGES[name]["examples"][0]["payload"]
    channel = CHANNELS[exchange(payload["source"])]
    key = routing_key(name, payload["subject"]).split(".")
    parameters = channel["address"].replace("{", "").replace("}", "").split(".")
    assert parameters == [*channel["parameters"]]
    told = channel["parameters"].values()
    assert all(value in parameter["enum"] for value, parameter in zip(key, told, strict=True))


def test_a_wrong_event_is_none_by_its_schema() -> None:
    message = MESSAGES["order.OrderConfirmed.v1"]
    check = Draft7Validator({**DOCUMENT, **message["payload"]})
    payload = message["examples"][0]["payload"]
    for wrong in ({"type": "OrderCreated"}, {"source": "loyalty"}, {"data": {"order_id": "7"}}):
        assert not check.is_valid({**payload, **wrong})
    assert check.is_valid({**payload, "data": {**payload["data"], "new_field": 1}})


def test_personal_fields_are_marked() -> None:
    marked = {
        name: {field for field, told in schema["properties"].items() if told.get("x-personal")}
        for name, schema in SCHEMAS.items()
    }
    assert {name: fields for name, fields in marked.items() if fields} == {
        "Customer": {"name", "email"},
        "Address": {"name", "street", "city", "postcode"},
        "Mail": {"to", "name"},
    }


def test_fields_say_what_they_mean() -> None:
    assert SCHEMAS["OrderCreated"]["properties"]["owner"]["description"].startswith("The caller")
    assert SCHEMAS["OrderCreated"]["properties"]["placed_at"]["format"] == "date-time"
    assert all("description" in told for told in SCHEMAS["Envelope"]["properties"].values())


def test_the_server_is_the_one_that_up_starts() -> None:
    address = DOCUMENT["servers"]["broker"]["variables"]["address"]["default"]
    assert address == f"127.0.0.1:{ports.DEFAULT_BASE + ports.AMQP}"


def test_a_field_without_an_example_is_named() -> None:
    with pytest.raises(LookupError, match=r"Rumour\.whisper has no example"):
        sample("orders", "order", Rumour, 1)


def test_the_document_says_nothing_of_who_publishes_nothing() -> None:
    assert not any("audit" in name for name in CHANNELS)
    assert document([])["operations"] == {}


def test_the_string_under_a_field_is_its_description() -> None:
    assert schemas([Rumour])["Rumour"]["properties"]["whisper"]["description"] == "What is said."


def payloads() -> Iterator[dict[str, Any]]:
    return (message["examples"][0]["payload"] for message in MESSAGES.values())


class Rumour(Event, frozen=True):
    """Nobody publishes it."""

    whisper: str
    """What is said."""


def events() -> Iterator[type[Event]]:
    for owned in PUBLISHED.values():
        for union in owned.values():
            yield from members(union)
