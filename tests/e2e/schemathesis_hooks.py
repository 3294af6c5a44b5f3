"""What Schemathesis must know of the shop: what is there, and refusals no schema foretells."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import schemathesis
from schemathesis import Case, HookContext, Response

SOLD = "TEA-ASSAM-125"
UNSOLD = "TEA-KEEMUN-125"

READY = {
    "/orders/{order_id}/shipments": os.environ["CONFIRMED_ORDERS"].split(),
    "/orders/{order_id}/deliveries": os.environ["SHIPPED_ORDERS"].split(),
}
"""Orders that wait for just this step; each is there for it once."""

BY_STATE = {
    "/problems/bad-signature",
    "/problems/key-reused",
    "/problems/product-has-changed",
    "/problems/unknown-sku",
}
"""Refusals of requests that are well formed: they depend on what the shop holds."""
NOT_YET = "/problems/not-yet"
"""Says, with 503, that a made-up Consistency-Token cannot be seen yet."""
FORETOLD = {"Schema-valid request rejected", "Server error"}
BETWEEN_FIELDS = (
    "A report covers between",
    "come to more than",
    "is an ETag",  # Schemathesis sends none of the quotes that the pattern asks for
    "is not 0",
    "is not from 1900",
    "needs at least one line",
    "take more off",
)
"""Faults that are between fields, or cannot be said in a schema."""


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], _kwargs: Any) -> None:
    """Order what is sold, keep it on sale, and ship what is confirmed: so each path is reached."""
    if case.method == "DELETE" and case.path_parameters.get("sku") == SOLD:
        case.path_parameters["sku"] = UNSOLD
    if case.method == "POST" and case.path == "/orders" and _is_valid(case):
        case.body = _of_what_is_sold(case.body)
    if _is_valid(case) and (orders := READY.get(case.operation.path)):
        case.path_parameters["order_id"] = orders.pop()


def _of_what_is_sold(body: Any) -> Any:
    """Make an order that anybody may place out of one that a schema allows."""
    kept = {name: body[name] for name in ("customer", "shipping_address", "payment_method")}
    return {**kept, "lines": [{"sku": SOLD, "quantity": 1} for _ in body["lines"][:9]]}


def _is_valid(case: Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_failure(_: HookContext, failure: Any, _case: Case[Any], response: Response) -> bool:
    """Drop what is no failure: a valid request that is refused for what the shop holds."""
    if not response.content or failure.title not in FORETOLD:
        return True
    problem = msgspec.json.decode(response.content)
    if failure.title == "Server error":
        return bool(problem["type"] != NOT_YET)
    faults = [fault["message"] for fault in problem.get("errors", ())]
    foretold = faults and all(fault.startswith(BETWEEN_FIELDS) for fault in faults)
    return not (problem["type"] in BY_STATE or foretold)
