from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from ecommerce.aggregates.inventory import CompensateStock
from ecommerce.bus.member import Member
from ecommerce.bus.message import Received
from ecommerce.bus.reaction import Reaction, Unfit
from ecommerce.events.orders import CompensateInventory, OrderCreated
from ecommerce.kernel import Command
from ecommerce.store.envelope import encode, open_envelope
from ecommerce.store.unit import digest
from facts import order_created
from recording import recorded


def per_line(event: Any, _event_id: str) -> Iterator[Command]:
    for line in event.lines:
        yield CompensateStock(event.order_id, (line.sku,))


def broken(_event: Any, _event_id: str) -> Iterator[Command]:
    raise ZeroDivisionError


def received(document: bytes = encode(recorded(order_created))) -> Received:
    return Received(open_envelope(document), document, 1, "order.OrderCreated.v1.p00", {})


def test_each_command_of_a_message_has_a_key_of_its_own() -> None:
    units = Reaction(Member("inventory", 1, OrderCreated, per_line)).units(received())
    assert [unit.key for unit in units] == [
        "msg:orders:order-7@1",
        "msg:orders:order-7@1/2",
        "msg:orders:order-7@1/3",
    ]
    assert {unit.digest for unit in units} == {digest(received().body)}


def test_the_cause_is_the_event_and_the_trace_goes_on() -> None:
    traced = replace(
        recorded(order_created),
        cause=replace(recorded(order_created).cause, traceparent="00-ab-cd-01"),
    )
    (unit, *_) = Reaction(Member("inventory", 1, OrderCreated, per_line)).units(
        received(encode(traced))
    )
    assert unit.cause.correlation_id == traced.cause.correlation_id
    assert unit.cause.causation_id == "order-7@1"
    assert unit.cause.actor == "inventory"
    assert unit.cause.traceparent == "00-ab-cd-01"


def test_what_is_not_asked_for_any_more_asks_for_nothing() -> None:
    assert Reaction(Member("inventory", 1, CompensateInventory, per_line)).units(received()) == []


@pytest.mark.parametrize(
    ("document", "trigger", "react", "reason"),
    [
        (
            encode(recorded(order_created)).replace(b"OrderCreated", b"OrderFramed"),
            OrderCreated,
            per_line,
            "unknown type",
        ),
        (encode(recorded(order_created)), OrderCreated, broken, "policy failed"),
        (
            encode(recorded(order_created)).replace(b'"owner":"ann"', b'"owner":7'),
            OrderCreated,
            per_line,
            "unreadable data",
        ),
        (
            encode(recorded(order_created)).replace(b'"owner":"ann"', b'"owner":"\xff"'),
            OrderCreated,
            per_line,
            "unreadable data",
        ),
        (
            encode(recorded(order_created)).replace(b"Created.v1", b"Created.v2"),
            OrderCreated,
            per_line,
            "needs newer code",
        ),
    ],
)
def test_what_can_never_be_handled_says_why(
    document: bytes, trigger: Any, react: Any, reason: str
) -> None:
    with pytest.raises(Unfit) as unfit:
        Reaction(Member("inventory", 1, trigger, react)).units(received(document))
    assert unfit.value.reason == reason
    assert unfit.value.detail
