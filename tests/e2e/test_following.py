"""An order that is followed while it goes its way: nothing is missed, and nothing told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from people import STAFF, post
from running_shop import RunningShop, until
from shelf import Shelf, placed

Message = dict[str, str]
"""A server-sent event: its `event`, its `data` and its `id`."""


def messages(answer: httpx.Response) -> Iterator[Message]:
    """Read the events of a stream as a browser does; comments are none."""
    message: Message = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name:
            message[name] = value
        elif message:
            if "data" in message:
                yield message
            message = {}


def follow(shop: RunningShop, order_id: str, last: str, seen: str) -> list[Message]:
    """Follow an order from an id on, until an event of this name."""
    found: list[Message] = []
    headers = {"Last-Event-ID": last} if last else {}
    path = f"/orders/{order_id}/events"
    with shop.client() as client, client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == httpx.codes.OK
        for message in messages(answer):
            found.append(message)
            if message["event"] == seen:
                break
    return found


def timeline(shop: RunningShop, order_id: str) -> list[dict[str, Any]]:
    with shop.client() as client:
        return list(client.get(f"/orders/{order_id}/timeline").json()["events"])


def deliver(shop: RunningShop, order_id: str) -> None:
    """Ship an order, and deliver it once nothing else is to come of it."""
    assert post(shop, f"/orders/{order_id}/shipments", STAFF).is_success
    for _ in until(30, "the units are not counted out, or a mail is not sent"):
        known = Counter(step["type"] for step in timeline(shop, order_id))
        if (known["StockShipped"], known["NotificationSent"]) == (1, 3):
            break
    assert post(shop, f"/orders/{order_id}/deliveries", STAFF).is_success


def steps(told: list[Message]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(each["data"]) for each in told if each["event"] != "end"]


def test_an_order_is_followed_to_its_end_over_a_stream_that_breaks_off(shop: RunningShop) -> None:
    order_id = placed(Shelf(shop, units=1).order(shop))
    first = follow(shop, order_id, "", "OrderConfirmed")
    shop.rest(order_id)
    deliver(shop, order_id)
    then = follow(shop, order_id, first[-1]["id"], "end")
    assert then[-1]["event"] == "end"
    told = steps([*first, *then])
    assert [each["type"] for each in told if each["source"] == "orders"] == [
        "OrderCreated",
        "OrderConfirmed",
        "OrderShipped",
        "OrderDelivered",
    ]
    ids = [each["id"] for each in told]
    assert len({*ids}) == len(ids)
    assert {*ids} == {each["id"] for each in timeline(shop, order_id)}
    with shop.client() as client:
        last = {"Last-Event-ID": then[-2]["id"]}
        rest = client.get(f"/orders/{order_id}/events", headers=last)
    assert rest.status_code == httpx.codes.NO_CONTENT


def test_an_order_is_found_among_the_sagas_with_its_mails(shop: RunningShop) -> None:
    order_id = placed(Shelf(shop, units=1).order(shop))
    shop.rest(order_id)
    with shop.client(STAFF) as client:
        for _ in until(10, "the saga is not settled"):
            settled = client.get("/sagas", params={"state": "settled"}).json()["items"]
            if order_id in {saga["order_id"] for saga in settled}:
                break
        mails = client.get("/notifications", params={"order_id": order_id}).json()["items"]
    assert {mail["template"] for mail in mails} == {"order_received", "order_confirmed"}
