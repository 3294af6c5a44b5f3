from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path

import pytest

from ecommerce.bus.management import diff
from ecommerce.bus.member import Member
from ecommerce.bus.passwords import render
from ecommerce.bus.topology import definitions, exchange, parked, queue, routes
from ecommerce.cli.topology import content
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Event
from ecommerce.store.envelope import PARTITIONS, routing_key

FILE = Path(__file__).parents[2] / "infra/rabbitmq/definitions.json"
MEMBERS = [context.member for context in CONTEXTS.values()]
WANTED = definitions(MEMBERS)
REACTING = [member for member in MEMBERS if member.queues]


def test_the_broker_imports_what_the_code_says() -> None:
    assert FILE.read_bytes() == content(), "run `ecommerce topology write` and look at the change"


@pytest.mark.parametrize("member", REACTING, ids=lambda member: member.name)
def test_a_context_hears_each_of_its_triggers_in_every_partition_once(member: Member) -> None:
    heard = [key for _, _, key in routes(member)]
    assert len(set(heard)) == len(heard) == PARTITIONS * len(member.triggers)


@pytest.mark.parametrize("member", REACTING, ids=lambda member: member.name)
def test_all_that_concerns_one_order_meets_in_one_queue(member: Member) -> None:
    for order_id in ("7", "8", "0190aa"):
        partitions = {
            routing_key("any", f"{aggregate}-{order_id}")[-3:]
            for aggregate in ("order", "payment", "reservation")
        }
        queues = {to for _, to, key in routes(member) if key[-3:] in partitions}
        assert len(queues) == 1


def test_reacting_to_what_nobody_publishes_is_refused() -> None:
    class Rumour(Event, frozen=True):
        """Nobody publishes it."""

    with pytest.raises(LookupError, match="no context publishes Rumour"):
        list(routes(Member("orders", 1, Rumour)))


def test_who_only_reads_has_neither_exchange_nor_queue() -> None:
    names = {item["name"] for item in WANTED["exchanges"] + WANTED["queues"]}
    assert not {exchange("audit"), queue("audit", 0), parked("audit")} & names


def test_only_the_administrator_may_change_the_topology() -> None:
    may = {right["user"] for right in WANTED["permissions"] if right["configure"] != "^$"}
    assert may == {"admin"}


def test_topics_are_limited_to_a_context_s_own_aggregates_and_to_partitions() -> None:
    (own,) = (t["write"] for t in WANTED["topic_permissions"] if t["user"] == "inventory")
    assert re.search(own, "stock.UnitsReserved.v1.p00")
    assert re.search(own, "reservation.StockReserved.v12.p11")
    for wrong in ("order.OrderCreated.v1.p00", "stock.UnitsReserved.v1.p12", "stock.A.v1", "#"):
        assert not re.search(own, wrong)


def test_passwords_are_rendered_as_rabbitmq_checks_them() -> None:
    users = {user["name"]: user for user in render(WANTED, {"orders": "secret"})["users"]}
    stored = base64.b64decode(users["orders"]["password_hash"])
    assert stored[4:] == sha256(stored[:4] + b"secret").digest()
    assert users["payments"]["password_hash"] == ""
    assert all(user["password_hash"] == "" for user in WANTED["users"])


def test_a_difference_reads_as_a_line() -> None:
    found = {kind: list(items) for kind, items in WANTED.items()}
    found["bindings"] = [*found["bindings"][1:], {**found["bindings"][0], "routing_key": "x.#"}]
    found["exchanges"] = [{**found["exchanges"][0], "type": "direct"}, *found["exchanges"][1:]]
    assert diff(WANTED, WANTED) == []
    assert diff(WANTED, found) == [
        "+ binding catalog.events -> catalog.history [#]",
        "- binding catalog.events -> catalog.history [x.#]",
        "~ exchange catalog.events: type is 'direct', wanted 'topic'",
    ]
