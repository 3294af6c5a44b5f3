"""A service in JavaScript follows the shop by its description, and answers with its own events."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import loyalty
from ecommerce.sandbox import folder, ports, servers
from loyalty import EXAMPLE, PASSWORD, Loyalty
from node import npm
from running_shop import RunningShop, until

DESCRIPTION = Path(__file__).parents[2] / "docs/asyncapi.json"
SEEN = "loyalty.seen"
"""Our own ear at the exchange of the foreign service."""


class Broker:
    """The broker's management API, as its administrator uses it."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def hear(self, exchange: str, queue: str) -> None:
        """Bind a new queue to an exchange."""
        self._http.put(f"queues/shop/{queue}", json={"durable": True}).raise_for_status()
        self._http.post(
            f"bindings/shop/e/{exchange}/q/{queue}", json={"routing_key": "#"}
        ).raise_for_status()

    def take(self, queue: str) -> list[dict[str, Any]]:
        """Take all messages out of a queue."""
        how = {"count": 1000, "ackmode": "ack_requeue_false", "encoding": "auto"}
        answer = self._http.post(f"queues/shop/{queue}/get", json=how).raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def put(self, queue: str, payload: str) -> None:
        """Put a message right into a queue."""
        what = {"payload": payload, "payload_encoding": "string", "properties": {}}
        self._http.post(
            "exchanges/shop/amq.default/publish", json={**what, "routing_key": queue}
        ).raise_for_status()


@pytest.fixture(scope="module")
def broker(started: tuple[RunningShop, str]) -> Iterator[Broker]:
    """Admit the foreign service, and listen to what it says."""
    shop, _ = started
    url = servers.management_url(shop.run, folder.passwords(shop.place))
    asyncio.run(loyalty.admit(url))
    with httpx.Client(base_url=f"{url}/api/", timeout=20) as http:
        made = Broker(http)
        made.hear("loyalty.events", SEEN)
        yield made


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the service's packages by its lock file."""
    place = tmp_path_factory.mktemp("loyalty") / "service"
    shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("node_modules"))
    npm(place, "ci")
    return place


@pytest.fixture
def service(shop: RunningShop, broker: Broker, installed: Path) -> Iterator[Loyalty]:
    """Give the service, running, with nothing left to hear of other tests."""
    amqp = f"amqp://loyalty:{PASSWORD}@127.0.0.1:{shop.run.port(ports.AMQP)}/shop"
    made = Loyalty(installed, amqp, shop.gateway)
    made.start()
    broker.take(SEEN)
    yield made
    made.kill()


@pytest.fixture(scope="module")
def sku(started: tuple[RunningShop, str]) -> str:
    """Put something up for sale that is in stock."""
    sku = f"NODE-{uuid4().hex[:8]}".upper()
    with started[0].client("staff; catalog:write inventory:write") as client:
        product = {"sku": sku, "name": "Cup", "price": {"amount": 1250, "currency": "GBP"}}
        client.post("/catalog/products", json=product).raise_for_status()
        client.post(f"/inventory/stock/{sku}/receipts", json={"quantity": 500}).raise_for_status()
        for _ in until(20, f"{sku} is not for sale"):
            if client.get(f"/catalog/products/{sku}").json().get("available"):
                return sku
    raise AssertionError


def order(shop: RunningShop, sku: str, card: str = "pm_card_visa") -> str:
    body = {
        "customer": {"name": "Ann", "email": "ann@example.com"},
        "shipping_address": {"country": "GB"},
        "payment_method": card,
        "lines": [{"sku": sku, "quantity": 2}],
    }
    with shop.client("ann; orders:write") as client:
        for _ in until(20, f"{sku} cannot be ordered"):
            if (answer := client.post("/orders", json=body)).is_success:
                return str(answer.json()["order_id"])
    raise AssertionError


def earned(broker: Broker, orders: Sequence[str]) -> list[dict[str, Any]]:
    """Take what the service says until it has spoken of all these orders."""
    messages: list[dict[str, Any]] = []
    for _ in until(60, f"no points for one of {orders}"):
        messages += broker.take(SEEN)
        if {json.loads(each["payload"])["data"]["order_id"] for each in messages} >= {*orders}:
            return messages
    raise AssertionError


def test_a_confirmed_order_earns_points(
    shop: RunningShop, broker: Broker, service: Loyalty, sku: str
) -> None:
    declined = order(shop, sku, card="pm_card_visa_chargeDeclined")
    assert shop.rest(declined)["status"] == "cancelled"
    confirmed = order(shop, sku)
    assert shop.rest(confirmed)["status"] == "confirmed"
    (message,) = earned(broker, [confirmed])
    (cause,) = (
        each
        for each in shop.log("orders")
        if each["type"] == "OrderConfirmed" and each["subject"] == f"order-{confirmed}"
    )
    event = json.loads(message["payload"])
    assert event == {
        "specversion": "1.0",
        "id": f"points-{confirmed}@1",
        "source": "loyalty",
        "type": "PointsEarned",
        "subject": f"points-{confirmed}",
        "time": cause["time"],
        "datacontenttype": "application/json",
        "dataschema": "urn:loyalty:points.PointsEarned.v1",
        "correlationid": cause["correlationid"],
        "causationid": cause["id"],
        "actor": "loyalty",
        "data": {"order_id": confirmed, "points": 25},
    }
    assert message["properties"]["user_id"] == "loyalty"
    assert message["properties"]["message_id"] == event["id"]
    assert service.stop() == 0


def test_a_killed_service_loses_nothing(
    shop: RunningShop, broker: Broker, service: Loyalty, sku: str
) -> None:
    before = [order(shop, sku) for _ in range(6)]
    messages = earned(broker, before[:1])
    service.kill()
    meanwhile = [order(shop, sku) for _ in range(3)]
    assert all(shop.rest(each)["status"] == "confirmed" for each in (*before, *meanwhile))
    service.start()
    told = {json.loads(each["payload"])["data"]["order_id"] for each in messages}
    messages += earned(broker, [each for each in (*before, *meanwhile) if each not in told])
    # One may come twice, where it was killed between the confirm and its journal: the same bytes.
    bodies = {each["payload"] for each in messages}
    assert len(bodies) == len({*before, *meanwhile})
    assert len(messages) <= len(bodies) + 1


def test_a_message_that_comes_again_changes_nothing(
    shop: RunningShop, broker: Broker, service: Loyalty, sku: str
) -> None:
    first = order(shop, sku)
    earned(broker, [first])
    (event,) = (
        each
        for each in shop.log("orders")
        if each["type"] == "OrderConfirmed" and each["subject"] == f"order-{first}"
    )
    broker.put("loyalty.in", json.dumps(event))
    service.kill()
    service.start()
    broker.put("loyalty.in", json.dumps(event))
    second = order(shop, sku)
    assert [
        json.loads(each["payload"])["data"]["order_id"] for each in earned(broker, [second])
    ] == [second]
    assert service.journal.read_text().split().count(event["id"]) == 1


def test_what_it_cannot_read_is_set_aside(
    shop: RunningShop, broker: Broker, service: Loyalty, sku: str
) -> None:
    for unreadable in ("no JSON", '{"type": "OrderConfirmed"}'):
        broker.put("loyalty.in", unreadable)
    confirmed = order(shop, sku)
    earned(broker, [confirmed])
    parked: list[str] = []
    for _ in until(20, "nothing is parked"):
        parked += [each["payload"] for each in broker.take("loyalty.parked")]
        if len(parked) == 2:
            break
    assert parked == ["no JSON", '{"type": "OrderConfirmed"}']
    assert service.runs


def test_the_shop_goes_on_beside_it(shop: RunningShop, broker: Broker) -> None:
    assert broker
    assert shop.ecommerce("topology", "diff") == "the broker is as the file says\n"
    assert shop.ecommerce("topology", "apply") == "the broker is as the file says now\n"


def test_the_gateway_gives_the_document_of_the_docs(shop: RunningShop) -> None:
    with shop.client() as client:
        assert client.get("/asyncapi.json").json() == json.loads(DESCRIPTION.read_text())
