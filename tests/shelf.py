"""A product that one test alone sells, from a shop that runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx

from running_shop import RunningShop

STOCKED = "staff; catalog:write inventory:write"


class Shelf:
    """A product that one test alone sells."""

    def __init__(self, shop: RunningShop, units: int, price: int = 1999) -> None:
        self.sku = f"E2E-{uuid4().hex[:8]}".upper()
        self.price = {"amount": price, "currency": "GBP"}
        with shop.client(STOCKED) as client:
            product = {"sku": self.sku, "name": "Kettle", "price": self.price}
            added = client.post("/catalog/products", json=product)
            assert added.status_code == httpx.codes.CREATED, added.text
            received = client.post(
                f"/inventory/stock/{self.sku}/receipts", json={"quantity": units}
            )
            assert received.is_success, received.text
        self.tokens = [answer.headers["Consistency-Token"] for answer in (added, received)]

    def order(self, shop: RunningShop, quantity: int = 1, **fields: Any) -> httpx.Response:
        """Order at once: the token makes orders wait until it knows the price."""
        body = {
            "customer": {"name": "Ann", "email": "ann@example.com"},
            "shipping_address": {"country": "United Kingdom"},
            "payment_method": "pm_card_visa",
            "lines": [{"sku": self.sku, "quantity": quantity}],
            **fields,
        }
        headers = {"Consistency-Token": ",".join(self.tokens), "Idempotency-Key": str(uuid4())}
        with shop.client() as client:
            return client.post("/orders", json=body, headers=headers)

    def stock(self, shop: RunningShop) -> tuple[int, int]:
        """Count what is on hand and held, by inventory's log."""
        events = [e for e in shop.log("inventory") if e["subject"] == f"stock-{self.sku}"]
        total = _sum(events, "UnitsReceived") + _sum(events, "UnitsAdjusted")
        shipped = _sum(events, "UnitsShipped")
        held = _sum(events, "UnitsReserved") - _sum(events, "UnitsReleased")
        return total - shipped, held - shipped


def _sum(events: Sequence[dict[str, Any]], kind: str) -> int:
    return sum(event["data"]["quantity"] for event in events if event["type"] == kind)


def placed(answer: httpx.Response) -> str:
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["order_id"])
