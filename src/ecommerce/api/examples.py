"""Examples of what is sent and answered, by the names of the routes.

They are about tea that the sandbox sells, so that they can be tried there.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

_SKU: Final = "TEA-ASSAM-125"
_ORDER: Final = "0199c0de-7a11-7c3e-9b52-4d1f6a0be7d4"
_PAYMENT: Final = "pi_3SExAmPlE"
_NEXT: Final = "0199c0de-7a11-7c3e-9b52-4d1f6a0be7d3"
_BEGUN: Final = "2026-03-02T09:30:00Z"
_ENDED: Final = "2026-03-02T09:30:01.204Z"
_PLACES: Final = {"status_url": f"/orders/{_ORDER}", "timeline_url": f"/orders/{_ORDER}/timeline"}


def _money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


PARAMETERS: Final[dict[str, Any]] = {
    "sku": _SKU,
    "order_id": _ORDER,
    "If-Match": "*",
    "Prefer": "wait=5",
    "from": "2026-03-01",
    "to": "2026-03-31",
}
"""Only what does no harm where it is sent as it stands: pages for people fill it in."""

PARAMETERS_OF: Final = {"delist_product": {"sku": "TEA-KEEMUN-125"}}
"""Those of one route alone."""

HEADERS: Final[dict[str, Any]] = {
    "Consistency-Token": "orders@1234",
    "ETag": '"3"',
    "Idempotent-Replayed": "true",
    "Link": f'</orders?after={_NEXT}&limit=50>; rel="next"',
    "Location": f"/orders/{_ORDER}",
    "Preference-Applied": "wait=5",
    "Retry-After": 1,
}

_BUYER: Final = {"name": "Ann Ashby", "email": "ann@example.org"}
_ADDRESS: Final = {
    "country": "GB",
    "name": "Ann Ashby",
    "street": "1 Chapel Lane",
    "city": "Totnes",
    "postcode": "TQ9 5AB",
}
_PARCEL: Final = {"carrier": "Royal Mail", "tracking": "RM123456785GB"}

BODIES: Final[dict[str, Any]] = {
    "add_product": {"sku": "tea-keemun-125", "name": "Keemun, 125 g", "price": _money(910)},
    "change_price": {"price": _money(880)},
    "place_order": {
        "customer": _BUYER,
        "shipping_address": _ADDRESS,
        "payment_method": "pm_card_visa",
        "lines": [{"sku": _SKU, "quantity": 2}],
    },
    "cancel_order": {"reason": "I ordered it twice"},
    "ship_order": _PARCEL,
    "receive": {"quantity": 40, "reference": "delivery note 5530"},
    "adjust": {"quantity": -2, "reason": "two tins were dented"},
    "take_webhook": {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {}}},
}
"""Of requests, as JSON."""

_VIEW: Final = {
    "order_id": _ORDER,
    "status": "confirmed",
    "owner": "ann",
    "customer": _BUYER,
    "shipping_address": _ADDRESS,
    "lines": [{"number": 1, "sku": _SKU, "quantity": 2, "unit_price": _money(840)}],
    "charges": [],
    "total": _money(1680),
    "placed_at": _BEGUN,
    "created_at": _BEGUN,
    "updated_at": _ENDED,
    "compensating": False,
    "compensated": False,
    **dict.fromkeys(("reference", "code", "reason", "authentication_url", "refunded")),
    **dict.fromkeys(_PARCEL),
}
_PLACED: Final = {
    "order_id": _ORDER,
    "status": "open",
    **_PLACES,
    **dict.fromkeys(("code", "reason", "authentication_url")),
}
_PRODUCT: Final = {
    "sku": _SKU,
    "name": "Assam second flush, loose leaf, 125 g",
    "price": _money(840),
    "available": 98,
    "revision": 3,
}
_MOVED: Final = {
    "sku": _SKU,
    "position": 812,
    "time": _ENDED,
    "event": "UnitsReserved",
    "quantity": 2,
    "actor": "inventory",
    "order_id": _ORDER,
    "reference": None,
    "reason": None,
}
_STEP: Final = {
    "id": f"order-{_ORDER}@1",
    "order_id": _ORDER,
    "time": _BEGUN,
    "source": "orders",
    "position": 1234,
    "type": "OrderCreated",
    "stream": f"order-{_ORDER}",
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
    "revenue": _money(81_320),
}
_MAIL: Final = {
    "about": f"order-{_ORDER}@2",
    "order_id": _ORDER,
    "position": 77,
    "template": "order_confirmed",
    "status": "sent",
    "queued_at": _BEGUN,
    "ended_at": _ENDED,
}
_PAID: Final = {
    "order_id": _ORDER,
    "status": "succeeded",
    "amount": _money(1680),
    "payment_method": "pm_card_visa",
    "charge": _PAYMENT,
    "closed": False,
    "created_at": _BEGUN,
    "updated_at": _ENDED,
    **dict.fromkeys(("refund", "failure_code", "failure_reason", "authentication_url")),
}
_SAGA: Final = {
    "order_id": _ORDER,
    "state": "waiting",
    "began_at": _BEGUN,
    "updated_at": _ENDED,
    "waits_since": _BEGUN,
    "waiting": _WAITING,
}


def _page(item: dict[str, Any]) -> dict[int, Any]:
    return {200: {"items": [item], "next": None}}


def _stepped(code: int, status: str) -> dict[int, Any]:
    return {code: {"order_id": _ORDER, "status": status, **_PLACES}}


ANSWERS: Final[dict[str, dict[int, Any]]] = {
    "add_product": {201: {**BODIES["add_product"], "sku": "TEA-KEEMUN-125"}},
    "change_price": {200: {"sku": _SKU, "price": _money(880)}},
    "delist_product": {200: {"sku": _SKU}},
    "list_products": _page(_PRODUCT),
    "show_product": {200: _PRODUCT},
    "place_order": {202: _PLACED, 201: {**_PLACED, "status": "confirmed"}},
    "show_order": {200: _VIEW},
    "list_orders": {200: {"items": [_VIEW], "next": f"/orders?after={_ORDER}&limit=1"}},
    "cancel_order": _stepped(200, "cancelled"),
    "ship_order": _stepped(201, "shipped"),
    "deliver_order": _stepped(201, "delivered"),
    "show_sales": {200: {"items": [_DAY]}},
    "receive": {201: {"sku": _SKU, "quantity": 40}},
    "adjust": {201: {"sku": _SKU, "quantity": -2}},
    "show_stock": {
        200: {"sku": _SKU, "on_hand": 100, "reserved": 2, "available": 98, "movements": [_MOVED]}
    },
    "show_movements": _page(_MOVED),
    "show_payment": {200: _PAID},
    "list_notifications": _page(_MAIL),
    "show_timeline": {200: {"order_id": _ORDER, "events": [_STEP], "waiting": _WAITING}},
    "list_sagas": _page(_SAGA),
    "follow_order": {
        200: f'id: orders@1234\nevent: OrderCreated\ndata: {{"id": "{_STEP["id"]}"}}\n\n'
    },
    "live": {200: {"live": True}},
    "ready": {200: {"ready": True, "checks": {"schema": True, "bus": True}}},
}
"""Of answers that are no problems, by status."""
