"""What people do to an order of a shop that runs, each as a request of its own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from running_shop import RunningShop, until

STAFF = "staff; orders:read orders:cancel orders:ship catalog:write"
NOW = "update timers set due = 0 where id like 'order-{}@%' returning id"


def post(shop: RunningShop, path: str, caller: str = "ann", **body: Any) -> httpx.Response:
    """Ask for a change."""
    with shop.client(caller) as client:
        return client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


def cancel(shop: RunningShop, order_id: str, caller: str = "ann", **body: Any) -> None:
    """Cancel an order, as its customer or another."""
    answer = post(shop, f"/orders/{order_id}/cancel", caller, **body)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled"), answer.text


def let_the_deadline_pass(shop: RunningShop, order_id: str) -> None:
    """Have an order's deadline come now, and wait until all is closed that it was to wait for."""
    assert shop.rows("orders", NOW.format(order_id))
    for _ in until(30, "the deadline does not end the order"):
        if "PaymentClosed" in shop.events(order_id)["payments"]:
            return
