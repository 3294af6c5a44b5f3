"""What any log may hold still decodes, and is what CloudEvents and the privacy rules ask for."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import msgspec
import pytest

from ecommerce.contexts import CONTEXTS
from ecommerce.events import PUBLISHED
from ecommerce.events.parking import MessageDiscarded
from ecommerce.kernel import Event
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import encode, members, topic
from stored import FOLDER, stored_documents

STORED = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.json"))}

KEPT = {
    topic(aggregate, event): event
    for context in CONTEXTS.values()
    if context.decider
    for aggregate, kind in context.decider.folds.items()
    for event in members(kind.events)
} | {topic("parked", MessageDiscarded): MessageDiscarded}
"""Every event that some log keeps now, published or private."""

PERSONAL = {
    "OrderCreated": {
        "customer.name",
        "customer.email",
        "shipping_address.name",
        "shipping_address.street",
        "shipping_address.city",
        "shipping_address.postcode",
    },
    "AuthenticationRequested": {"customer.name", "customer.email"},
    "OrderConfirmed": {"customer.name", "customer.email"},
    "OrderShipped": {"customer.name", "customer.email"},
    "OrderRefunded": {"customer.name", "customer.email"},
    "OrderCancelled": {"customer.name", "customer.email"},
    "NotificationQueued": {"mail.to", "mail.name"},
}
"""The only events that say who somebody is, and where."""


def test_every_event_that_a_log_keeps_has_a_stored_example() -> None:
    assert set(KEPT) <= set(STORED)


@pytest.mark.parametrize("name", STORED)
def test_a_stored_event_still_decodes(name: str) -> None:
    assert Codec(KEPT.values()).decode(STORED[name], position=1)


@pytest.mark.parametrize("name", KEPT)
def test_a_stored_event_of_today_s_version_loses_nothing(name: str) -> None:
    recorded = Codec(KEPT.values()).decode(STORED[name], position=1)
    assert recorded
    _contains(json.loads(encode(recorded)), json.loads(STORED[name]))


def _contains(now: Any, then: Any) -> None:
    """See that all that was told then is told now; an optional field may have come since."""
    if isinstance(then, dict):
        for field, value in then.items():
            _contains(now[field], value)
    else:
        assert now == then


@pytest.mark.parametrize("name", STORED)
def test_a_document_is_a_cloud_event(name: str) -> None:
    document = json.loads(STORED[name])
    assert document["specversion"] == "1.0"
    for required in ("id", "source", "type"):
        assert isinstance(document[required], str)
        assert document[required]
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", attribute) for attribute in document)
    assert datetime.fromisoformat(document["time"]).tzinfo
    assert document["datacontenttype"] == "application/json"
    assert re.fullmatch(r"urn:ecommerce:[a-z]+\.[A-Za-z]+\.v\d+", document["dataschema"])
    assert all(isinstance(v, str) for name, v in document.items() if name != "data")


@pytest.mark.parametrize("name", STORED)
def test_a_document_says_by_itself_where_it_belongs(name: str) -> None:
    document = json.loads(STORED[name])
    aggregate, event, version = name.split(".")
    assert document["type"] == event
    assert document["dataschema"] == f"urn:ecommerce:{aggregate}.{event}.{version}"
    assert document["subject"].startswith(f"{aggregate}-")
    assert document["id"].startswith(f"{document['subject']}@")
    assert aggregate in PUBLISHED[document["source"]]


@pytest.mark.parametrize("name", STORED)
def test_a_document_says_who_acted(name: str) -> None:
    document = json.loads(STORED[name])
    led_by_an_event = re.fullmatch(r"[a-z]+-.+@\d+", document["causationid"])
    if name.startswith("parked."):
        assert document["actor"] == "operator"
    else:
        assert document["actor"] == (document["source"] if led_by_an_event else "ann")


def test_documents_are_told_apart_by_source_and_id() -> None:
    documents = [json.loads(document) for document in stored_documents()]
    assert len({(document["source"], document["id"]) for document in documents}) == len(documents)


@pytest.mark.parametrize("event", KEPT.values(), ids=KEPT)
def test_who_somebody_is_stands_only_where_it_may(event: type[Event]) -> None:
    found = set(_personal_fields(msgspec.inspect.type_info(event)))
    assert found == PERSONAL.get(event.__name__, set())


def _personal_fields(kind: Any, path: str = "") -> list[str]:
    """List the paths of the fields that are marked `Personal`."""
    if isinstance(kind, msgspec.inspect.Metadata):
        personal = bool(kind.extra and kind.extra.get("personal"))
        return [path] if personal else _personal_fields(kind.type, path)
    if isinstance(kind, msgspec.inspect.StructType):
        return [
            found
            for field in kind.fields
            for found in _personal_fields(field.type, f"{path}.{field.name}".lstrip("."))
        ]
    if isinstance(kind, msgspec.inspect.UnionType):
        return [found for member in kind.types for found in _personal_fields(member, path)]
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _personal_fields(kind.item_type, f"{path}[]")
    return []
