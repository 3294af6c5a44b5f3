"""Finds and lists what the sandbox provider has, as Stripe's lists do: newest first, in pages."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile, islice
from typing import Final

from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.params import Params, only, positive
from ecommerce.sandbox.stripe_objects import Answer, Thing, invalid, missing

URLS: Final = {
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
}
COMPARISONS: Final = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
FILTERS: Final = {
    "payment_intent": (),
    "charge": ("payment_intent",),
    "refund": ("payment_intent", "charge"),
}
LONGEST_PAGE: Final = 100


def find(ledger: Ledger, kind: str, name: str, *, param: str = "id", status: int = 404) -> Thing:
    """Find an object by its id, or refuse the request that names it."""
    if found := ledger.find(kind, name):
        return found
    raise missing(kind, name, param, status)


def retrieve(ledger: Ledger, params: Params, kind: str, name: str) -> Answer:
    """Show an object."""
    only(params)
    return Answer(200, find(ledger, kind, name))


def listing(ledger: Ledger, params: Params, kind: str) -> Answer:
    """List the objects of a kind, a page at a time."""
    filters = FILTERS[kind]
    only(params, "created", "limit", "starting_after", *filters)
    limit = min(LONGEST_PAGE, positive(params, "limit")) if "limit" in params else 10
    things = filter(_created(params), ledger.all(kind, params.get("payment_intent")))
    if charge := params.get("charge"):
        things = filter(lambda thing: thing["charge"] == charge, things)
    page = list(islice(_after(things, params.get("starting_after")), limit + 1))
    has_more = len(page) > limit
    body = {"object": "list", "url": URLS[kind], "has_more": has_more, "data": page[:limit]}
    return Answer(200, body)


def by_order(ledger: Ledger) -> list[Thing]:
    """List what each order was charged and given back, the newest order first."""
    refunds: dict[str, list[Thing]] = {}
    for refund in ledger.all("refund"):
        refunds.setdefault(refund["charge"], []).append(refund)
    orders: dict[str | None, Thing] = {}
    for charge in ledger.all("charge"):
        name = charge["metadata"].get("order_id")
        empty = {"order_id": name, "captured": 0, "refunded": 0, "charges": [], "refunds": []}
        order = orders.setdefault(name, empty)
        order["captured"] += charge["amount_captured"]
        order["refunded"] += charge["amount_refunded"]
        order["charges"].append(charge)
        order["refunds"] += refunds.get(charge["id"], [])
    return list(orders.values())


def _created(params: Params) -> Callable[[Thing], bool]:
    given = params.get("created", {})
    bounds = given if isinstance(given, dict) else {"gte": given, "lte": given}
    for name, bound in bounds.items():
        if name not in COMPARISONS or not str(bound).isdecimal():
            raise invalid("Invalid created: gt, gte, lt or lte, in seconds.", param="created")
    return lambda thing: all(
        COMPARISONS[name](thing["created"], int(bound)) for name, bound in bounds.items()
    )


def _after(things: Iterable[Thing], name: str | None) -> Iterator[Thing]:
    if name is None:
        return iter(things)
    return islice(dropwhile(lambda thing: thing["id"] != name, things), 1, None)
