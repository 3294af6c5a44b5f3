"""Mails about orders over HTTP."""

from __future__ import annotations

import web
from ecommerce.projections.notification_page import NotificationPage
from facts import NOON

ROWS = [
    NotificationPage("order-7@1", "7", 4, "order_received", "sent", NOON, NOON),
    NotificationPage("order-7@2", "7", 9, "order_confirmed", "queued", NOON),
]


async def test_the_mails_about_an_order_are_listed_a_page_at_a_time() -> None:
    models = web.Models(notification_page=ROWS)
    async with web.client("notifications", models=models) as http:
        answer = await http.get("/notifications", params={"order_id": "7", "limit": 1})
    (mail,) = answer.json()["items"]
    assert (mail["template"], mail["status"], mail["about"]) == (
        "order_received",
        "sent",
        "order-7@1",
    )
    assert answer.json()["next"] == "/notifications?order_id=7&after=4&limit=1"
    assert models.values == [{"order_id": "7", "after": 0, "limit": 2}]


async def test_mails_are_listed_of_one_order() -> None:
    async with web.client("notifications") as http:
        answer = await http.get("/notifications")
        odd = await http.get("/notifications", params={"order_id": "a b"})
    assert (answer.status_code, web.faults(answer)) == (400, {"order_id": "is required"})
    assert (odd.status_code, [*web.faults(odd)]) == (400, ["order_id"])
