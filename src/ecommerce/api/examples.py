"""Examples of what is sent, by the names of the routes.

They are about tea that the sandbox sells, so that they can be tried there.
"""

from __future__ import annotations

from typing import Any, Final

SKU: Final = "TEA-ASSAM-125"
ORDER: Final = "0199c0de-7a11-7c3e-9b52-4d1f6a0be7d4"


def money(amount: int) -> dict[str, Any]:
    """Write an amount in pence."""
    return {"amount": amount, "currency": "GBP"}


PARAMETERS: Final[dict[str, Any]] = {
    "sku": SKU,
    "order_id": ORDER,
    "If-Match": "*",
    "Prefer": "wait=5",
    "from": "2026-03-01",
    "to": "2026-03-31",
}
"""Only what does no harm where it is sent as it stands: pages for people fill it in."""

PARAMETERS_OF: Final = {"delist_product": {"sku": "TEA-KEEMUN-125"}}
"""Those of one route alone."""

BUYER: Final = {"name": "Ann Ashby", "email": "ann@example.org"}
ADDRESS: Final = {
    "country": "GB",
    "name": "Ann Ashby",
    "street": "1 Chapel Lane",
    "city": "Totnes",
    "postcode": "TQ9 5AB",
}
PARCEL: Final = {"carrier": "Royal Mail", "tracking": "RM123456785GB"}

BODIES: Final[dict[str, Any]] = {
    "add_product": {"sku": "tea-keemun-125", "name": "Keemun, 125 g", "price": money(910)},
    "change_price": {"price": money(880)},
    "place_order": {
        "customer": BUYER,
        "shipping_address": ADDRESS,
        "payment_method": "pm_card_visa",
        "lines": [{"sku": SKU, "quantity": 2}],
    },
    "cancel_order": {"reason": "I ordered it twice"},
    "ship_order": PARCEL,
    "receive": {"quantity": 40, "reference": "delivery note 5530"},
    "adjust": {"quantity": -2, "reason": "two tins were dented"},
    "take_webhook": {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {}}},
}
"""Of requests, as JSON."""
