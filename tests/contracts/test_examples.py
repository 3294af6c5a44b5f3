"""The examples are what they say they are, without running them."""

from __future__ import annotations

import json

from ecommerce.bus.foreign import is_foreign
from ecommerce.bus.topology import VHOST, definitions
from ecommerce.contexts import CONTEXTS
from loyalty import EXAMPLE

ASKED = json.loads((EXAMPLE / "broker.json").read_text())
WANTED = definitions(context.member for context in CONTEXTS.values())


def test_the_lock_file_names_no_host() -> None:
    assert "://" not in (EXAMPLE / "package-lock.json").read_text()


def test_what_the_example_asks_of_the_broker_is_its_own_and_does_the_shop_no_harm() -> None:
    for kind, items in ASKED.items():
        for item in items:
            assert item["vhost"] == VHOST
            assert is_foreign(kind, item, WANTED), item


def test_its_queues_never_refuse_a_message_of_the_shop() -> None:
    """A queue that does makes the relay of the shop stand still."""
    assert ASKED["queues"]
    for queue in ASKED["queues"]:
        assert queue["arguments"]["x-overflow"] == "drop-head"
        assert queue["arguments"]["x-max-length-bytes"]
