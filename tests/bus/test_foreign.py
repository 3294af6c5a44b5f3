"""What is not the shop's is left alone in the broker, unless it reaches into what is."""

from __future__ import annotations

from typing import Any

import pytest

from ecommerce.bus.foreign import is_foreign
from ecommerce.bus.topology import definitions
from ecommerce.contexts import CONTEXTS

WANTED = definitions(context.member for context in CONTEXTS.values())
HARMLESS = {"user": "loyalty", "configure": "^$", "write": "^loyalty[.]", "read": "^loyalty[.]"}


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("exchanges", {"name": "loyalty.events"}),
        ("queues", {"name": "loyalty.in"}),
        ("queues", {"name": "ordersheet"}),
        ("bindings", {"source": "orders.events", "destination": "loyalty.in"}),
        ("topic_permissions", {"user": "loyalty", "exchange": "orders.events"}),
        ("permissions", HARMLESS),
        ("permissions", {**HARMLESS, "configure": "", "write": "", "read": ""}),
        ("permissions", {**HARMLESS, "read": "^(orders[.]events|orders[.]history|loyalty[.]in)$"}),
    ],
)
def test_what_another_has_for_himself_is_left_alone(kind: str, item: dict[str, Any]) -> None:
    assert is_foreign(kind, item, WANTED)


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("queues", {"name": "orders.in.3"}),
        ("exchanges", {"name": "orders.old"}),
        ("bindings", {"source": "loyalty.events", "destination": "orders.in.0"}),
        ("topic_permissions", {"user": "orders", "exchange": "payments.events"}),
        ("permissions", {**HARMLESS, "user": "orders"}),
        ("permissions", {**HARMLESS, "configure": ".*"}),
        ("permissions", {**HARMLESS, "write": "events"}),
        ("permissions", {**HARMLESS, "write": "^orders[.]in"}),
        ("permissions", {**HARMLESS, "read": "^orders[.]"}),
    ],
)
def test_what_is_the_shop_s_or_reaches_into_it_is_not(kind: str, item: dict[str, Any]) -> None:
    assert not is_foreign(kind, item, WANTED)
