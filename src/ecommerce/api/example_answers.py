"""Examples of what is answered, by the names of the routes."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ecommerce.api.examples import ADDRESS, BODIES, BUYER, ORDER, PARCEL, SKU, money

_PAYMENT: Final = "pi_3SExAmPlE"
_NEXT: Final = "0199c0de-7a11-7c3e-9b52-4d1f6a0be7d3"
_BEGUN: Final = "2026-03-02T09:30:00Z"
_ENDED: Final = "2026-03-02T09:30:01.204Z"
_PLACES: Final = {"status_url": f"/orders/{ORDER}", "timeline_url": f"/orders/{ORDER}/timeline"}

HEADERS: Final[dict[str, Any]] = {
    "Consistency-Token": "orders@1234",
    "ETag": '"3"',
    "Idempotent-Replayed": "true",
    "Link": f'</orders?after={_NEXT}&limit=50>; rel="next"',
    "Location": f"/orders/{ORDER}",
    "Preference-Applied": "wait=5",
    "Retry-After": 1,
}

_VIEW: Final = {
    "order_id": ORDER,
    "status": "confirmed",
    "owner": "ann",
    "customer": BUYER,
    "shipping_address": ADDRESS,
    "lines": [{"number": 1, "sku": SKU, "quantity": 2, "unit_price": money(840)}],
    "charges": [],
    "total": money(1680),
    "placed_at": _BEGUN,
    "created_at": _BEGUN,
    "updated_at": _ENDED,
    "compensating": False,
    "compensated": False,
    **dict.fromkeys(("reference", "code", "reason", "authentication_url", "refunded")),
    **dict.fromkeys(PARCEL),
}
_PLACED: Final = {
    "order_id": ORDER,
    "status": "open",
    **_PLACES,
    **dict.fromkeys(("code", "reason", "authentication_url")),
}
_PRODUCT: Final = {
    "sku": SKU,
    "name": "Assam second flush, loose leaf, 125 g",
    "price": money(840),
    "available": 98,
    "revision": 3,
}
_MOVED: Final = {
    "sku": SKU,
    "position": 812,
    "time": _ENDED,
    "event": "UnitsReserved",
    "quantity": 2,
    "actor": "inventory",
    "order_id": ORDER,
    "reference": None,
    "reason": None,
}
_STEP: Final = {
    "id": f"order-{ORDER}@1",
    "order_id": ORDER,
    "time": _BEGUN,
    "source": "orders",
    "position": 1234,
    "type": "OrderCreated",
    "stream": f"order-{ORDER}",
    "cause": "0199c0de-7a10-7f04-8a4e-52c1b7d90a3e",
    "actor": "ann",
    "detail": "1 SKU, £16.80",
}
_DATA: Final = msgspec.json.encode(_STEP).decode()
_WAITING: Final = [{"for": "the payment provider to charge", "since": _BEGUN}]
_DAY: Final = {
    "day": "2026-03-02",
    "currency": "GBP",
    "placed": 41,
    "confirmed": 38,
    "open": 1,
    "cancelled": {"out_of_stock": 2},
    "units": 95,
    "revenue": money(81_320),
}
_MAIL: Final = {
    "about": f"order-{ORDER}@2",
    "order_id": ORDER,
    "position": 77,
    "template": "order_confirmed",
    "status": "sent",
    "queued_at": _BEGUN,
    "ended_at": _ENDED,
}
_PAID: Final = {
    "order_id": ORDER,
    "status": "succeeded",
    "amount": money(1680),
    "payment_method": "pm_card_visa",
    "charge": _PAYMENT,
    "closed": False,
    "created_at": _BEGUN,
    "updated_at": _ENDED,
    **dict.fromkeys(("refund", "failure_code", "failure_reason", "authentication_url")),
}
_SAGA: Final = {
    "order_id": ORDER,
    "state": "waiting",
    "began_at": _BEGUN,
    "updated_at": _ENDED,
    "waits_since": _BEGUN,
    "waiting": _WAITING,
}


def _page(item: dict[str, Any]) -> dict[int, Any]:
    return {200: {"items": [item], "next": None}}


def _stepped(code: int, status: str) -> dict[int, Any]:
    return {code: {"order_id": ORDER, "status": status, **_PLACES}}


ANSWERS: Final[dict[str, dict[int, Any]]] = {
    "add_product": {201: {**BODIES["add_product"], "sku": "TEA-KEEMUN-125"}},
    "change_price": {200: {"sku": SKU, "price": money(880)}},
    "delist_product": {200: {"sku": SKU}},
    "list_products": _page(_PRODUCT),
    "show_product": {200: _PRODUCT},
    "place_order": {202: _PLACED, 201: {**_PLACED, "status": "confirmed"}},
    "show_order": {200: _VIEW},
    "list_orders": {200: {"items": [_VIEW], "next": f"/orders?after={ORDER}&limit=1"}},
    "cancel_order": _stepped(200, "cancelled"),
    "ship_order": _stepped(201, "shipped"),
    "deliver_order": _stepped(201, "delivered"),
    "show_sales": {200: {"items": [_DAY]}},
    "receive": {201: {"sku": SKU, "quantity": 40}},
    "adjust": {201: {"sku": SKU, "quantity": -2}},
    "show_stock": {
        200: {"sku": SKU, "on_hand": 100, "reserved": 2, "available": 98, "movements": [_MOVED]}
    },
    "show_movements": _page(_MOVED),
    "show_payment": {200: _PAID},
    "list_notifications": _page(_MAIL),
    "show_timeline": {200: {"order_id": ORDER, "events": [_STEP], "waiting": _WAITING}},
    "list_sagas": _page(_SAGA),
    "follow_order": {
        200: f'id: orders@1234\nevent: OrderCreated\ndata: {{"id": "{_STEP["id"]}"}}\n\n'
    },
    "live": {200: {"live": True}},
    "ready": {200: {"ready": True, "checks": {"schema": True, "bus": True}}},
}
"""Of answers that are no problems, by status."""
