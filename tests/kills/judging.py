"""What must hold of orders at rest, by the logs, the provider's ledger and the mailbox alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import psycopg

from ecommerce.contexts import CONTEXTS
from kills.seeing import Seen, look
from running_shop import RunningShop, until

PATIENCE = 180.0
"""Seconds in which all that was begun has to come to its end."""
FACTS = ("StockReserved", "PaymentSucceeded", "OrderConfirmed")
"""What each context has to record exactly once for an order that is confirmed."""
ON_THE_SHELF = {"UnitsReceived": 1, "UnitsAdjusted": 1, "UnitsShipped": -1}
HELD = {"UnitsReserved": 1, "UnitsReleased": -1, "UnitsShipped": -1}
LEFT_OVER = {
    "messages parked": "select count(*) from parked",
    "calls to be made": "select count(*) from calls",
    "read models stopped": "select count(*) from positions where error is not null",
    "events unpublished": """
        select count(*) from events where notification_id > (select position from relay)
    """,
}


def faults(shop: RunningShop, ours: Callable[[str], bool], count: int) -> list[str]:
    """Say what is wrong with our orders, those of such references, once they came to rest."""
    found = ["nothing could be seen of the shop"]
    with suppress(AssertionError):
        for _ in until(PATIENCE, "it does not come right"):
            with suppress(psycopg.OperationalError, httpx.HTTPError):
                found = [*_faults(look(shop, ours), count), *_left_over(shop)]
            if not found:
                break
    return found


def _faults(seen: Seen, count: int) -> Iterator[str]:
    placed = Counter(order["reference"] for order in seen.orders.values())
    yield from _unlike("orders of the number", placed, dict.fromkeys(placed, 1))
    if len(placed) != count:
        yield f"{len(placed)} orders instead of {count}"
    yield from _ends(seen)
    yield from _money(seen)
    yield from _stock(seen)
    yield from _lines(seen)
    yield from _mails(seen)


def _ends(seen: Seen) -> Iterator[str]:
    """Each order is confirmed, once, by one fact of each context."""
    for fact in FACTS:
        yield from _unlike(fact, _count(seen, fact), dict.fromkeys(seen.orders, 1))
    yield from _unlike("OrderCancelled", _count(seen, "OrderCancelled"), {})


def _count(seen: Seen, fact: str) -> Counter[str]:
    orders = (event["data"]["order_id"] for event in seen.events if event["type"] == fact)
    return Counter(order_id for order_id in orders if order_id in seen.orders)


def _money(seen: Seen) -> Iterator[str]:
    """The provider holds what each order owes, by one charge."""
    totals = {order_id: order["total"]["amount"] for order_id, order in seen.orders.items()}
    kept, charges = Counter[str](), Counter[str]()
    for account in seen.accounts:
        kept[account["order_id"]] += account["captured"] - account["refunded"]
        charges[account["order_id"]] += sum(charge["paid"] for charge in account["charges"])
    yield from _unlike("pence kept for", kept, totals)
    yield from _unlike("charges of", charges, {o: 1 for o, due in totals.items() if due})


def _stock(seen: Seen) -> Iterator[str]:
    """At no moment was more held of a SKU than there was."""
    shelf, held = Counter[str](), Counter[str]()
    for event in seen.events:
        if event["type"] in ON_THE_SHELF | HELD:
            sku, quantity = event["data"]["sku"], event["data"]["quantity"]
            shelf[sku] += ON_THE_SHELF.get(event["type"], 0) * quantity
            held[sku] += HELD.get(event["type"], 0) * quantity
            if held[sku] > shelf[sku]:
                yield f"oversold: {sku} at {event['id']}"


def _lines(seen: Seen) -> Iterator[str]:
    """Each order holds just the units of its lines."""
    held, wanted = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for event in seen.events:
        if event["type"] in HELD and (order_id := event["data"]["order_id"]) in seen.orders:
            units = HELD[event["type"]] * event["data"]["quantity"]
            held[order_id, event["data"]["sku"]] += units
    for order_id, order in seen.orders.items():
        for line in order["lines"]:
            wanted[order_id, line["sku"]] += line["quantity"]
    yield from _unlike("units held for", held, wanted)


def _mails(seen: Seen) -> Iterator[str]:
    """Each fact that a customer with an address is told of makes one mail, which was sent once."""
    told = ("OrderCreated", "OrderConfirmed", "OrderCancelled")
    due = {
        event["id"]: 1
        for event in seen.events
        if event["type"] in told
        and event["data"]["order_id"] in seen.orders
        and seen.orders[event["data"]["order_id"]]["customer"]["email"]
    }
    for fact in ("NotificationQueued", "NotificationSent"):
        about = (event["data"]["about"] for event in seen.events if event["type"] == fact)
        yield from _unlike(fact, Counter(each for each in about if each in due), due)
    kept = Counter({each: seen.mails[each] for each in due})
    yield from _unlike("mails about", kept, due)


def _left_over(shop: RunningShop) -> Iterator[str]:
    for context in CONTEXTS:
        for what, query in LEFT_OVER.items():
            ((count,),) = shop.rows(context, query)
            if count:
                yield f"{context}: {what}: {count}"
    for queue in shop.queues():
        if queue["name"].partition(".")[2] != "history" and queue.get("messages"):
            yield f"messages in {queue['name']}: {queue['messages']}"


def _unlike(what: str, found: Counter[Any], wanted: Any) -> Iterator[str]:
    """Name each key whose count is not the wanted one, none being 0."""
    for key in sorted(found.keys() | wanted.keys()):
        if found[key] != wanted.get(key, 0):
            yield f"{what} {key}: {found[key]} instead of {wanted.get(key, 0)}"
