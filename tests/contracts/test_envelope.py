from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from ecommerce.contexts import CONTEXTS
from ecommerce.events import PUBLISHED
from ecommerce.events.catalog import ProductAdded, ProductRepriced
from ecommerce.events.orders import OrderCompensated, OrderCreated
from ecommerce.kernel import Money
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import (
    PARTITIONS,
    Cause,
    Recorded,
    encode,
    key_of,
    members,
    owns,
    published_topics,
    routing_key,
    topic,
)

repriced = Recorded(
    event=ProductRepriced("TEA", Money(449, "GBP")),
    source="catalog",
    stream="product-TEA",
    version=2,
    position=12,
    time=datetime(2026, 1, 5, 12, tzinfo=UTC),
    cause=Cause("0189", "http-1", "ann"),
)
document = (
    b'{"specversion":"1.0","id":"product-TEA@2","source":"catalog","type":"ProductRepriced",'
    b'"subject":"product-TEA","time":"2026-01-05T12:00:00Z","datacontenttype":"application/json",'
    b'"dataschema":"urn:ecommerce:product.ProductRepriced.v1","correlationid":"0189",'
    b'"causationid":"http-1","actor":"ann",'
    b'"data":{"sku":"TEA","price":{"amount":449,"currency":"GBP"}}}'
)


def test_an_event_is_written_as_one_document() -> None:
    assert encode(repriced) == document


def test_a_document_reads_as_the_event_it_was_written_from() -> None:
    assert Codec([ProductRepriced]).decode(document, position=12) == repriced


def test_a_document_of_another_type_is_passed_over() -> None:
    assert Codec([ProductAdded]).decode(document, position=12) is None


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{}",
        document.replace(b'"amount":449', b'"amount":"449"'),
        document.replace(b'"GBP"', b'"pounds"'),
        document.replace(b"2026-01-05T12:00:00Z", b"yesterday"),
    ],
)
def test_what_has_another_shape_is_said_to_be_unreadable(broken: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        Codec([ProductRepriced]).decode(broken, position=12)


def test_a_topic_names_aggregate_event_and_version() -> None:
    assert topic("order", OrderCreated) == "order.OrderCreated.v1"


def test_a_routing_key_adds_the_partition_of_what_the_stream_is_about() -> None:
    assert routing_key("order.OrderCreated.v1", "order-7") == "order.OrderCreated.v1.p06"


def test_all_that_concerns_one_order_is_in_one_partition() -> None:
    streams = ["order-0189-a7", "payment-0189-a7", "reservation-0189-a7"]
    assert {key_of(stream) for stream in streams} == {"0189-a7"}
    assert len({routing_key("x", stream) for stream in streams}) == 1


@pytest.mark.parametrize(
    ("stream", "partition"),
    [("order-1", "p11"), ("order-2", "p01"), ("order-7", "p06"), ("stock-85123A", "p01")],
)
def test_a_stream_stays_in_its_partition_for_ever(stream: str, partition: str) -> None:
    assert routing_key("x", stream) == f"x.{partition}"


def test_there_are_twelve_partitions_and_all_are_used() -> None:
    used = {routing_key("x", f"order-{n}") for n in range(200)}
    assert used == {f"x.p{n:02d}" for n in range(12)}
    assert PARTITIONS == 12


def test_a_private_event_is_none_of_the_topics_that_are_published() -> None:
    assert published_topics("payments") == [
        "payment.PaymentRequested.v1",
        "payment.PaymentStarted.v1",
        "payment.PaymentAuthenticationRequired.v1",
        "payment.PaymentSucceeded.v1",
        "payment.PaymentFailed.v1",
        "payment.PaymentClosed.v1",
        "payment.VoidStarted.v1",
        "payment.PaymentVoided.v1",
        "payment.RefundStarted.v1",
        "payment.PaymentRefunded.v1",
        "parked.MessageDiscarded.v1",
    ]


def test_a_context_that_owns_no_stream_publishes_nothing() -> None:
    assert published_topics("audit") == []


@pytest.mark.parametrize(
    ("aggregate", "context"),
    [("order", "orders"), ("stock", "inventory"), ("reservation", "inventory"), ("basket", None)],
)
def test_each_kind_of_stream_has_one_owner(aggregate: str, context: str | None) -> None:
    assert [name for name in PUBLISHED if owns(name, aggregate)] == [context][: bool(context)]


def test_each_context_that_reacts_to_others_owns_what_it_discards() -> None:
    reacting = {name for name, context in CONTEXTS.items() if context.member.queues}
    assert {name for name in PUBLISHED if owns(name, "parked")} == reacting


def test_a_single_event_type_counts_as_a_union_of_one() -> None:
    assert members(OrderCompensated) == (OrderCompensated,)
    assert members(OrderCreated | OrderCompensated) == (OrderCreated, OrderCompensated)
