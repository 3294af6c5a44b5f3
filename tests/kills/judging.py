"""What must hold of orders at rest, by the logs, the provider's ledger and the mailbox alone."""

from __future__ import annotations

import mailbox
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import httpx
import psycopg

from ecommerce.contexts import CONTEXTS
from running_shop import RunningShop, until

Event = dict[str, Any]

PATIENCE = 90.0
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


class Seen(NamedTuple):
    """All that there is to see of some orders."""

    orders: dict[str, Event]
    """What `OrderCreated` says of each, by its id."""
    events: list[Event]
    """All events of all contexts, one log after the other."""
    accounts: list[Event]
    """What the provider has on record for each."""
    mails: Counter[str]
    """How many mails there are, by the event that each is about."""


def faults(shop: RunningShop, ours: Callable[[str], bool], count: int) -> list[str]:
    """Say what is wrong with our orders, those of such references, once they came to rest."""
    found = ["nothing could be seen of the shop"]
    with suppress(AssertionError):
        for _ in until(PATIENCE, "it does not come right"):
            with suppress(psycopg.OperationalError, httpx.HTTPError):
                found = [*_faults(_look(shop, ours), count), *_left_over(shop)]
            if not found:
                break
    return found


def _look(shop: RunningShop, ours: Callable[[str], bool]) -> Seen:
    events = [*chain.from_iterable(shop.log(context) for context in CONTEXTS)]
    created = (event["data"] for event in events if event["type"] == "OrderCreated")
    orders = {order["order_id"]: order for order in created if ours(order["reference"] or "")}
    accounts = [account for account in shop.accounts() if account["order_id"] in orders]
    return Seen(orders, events, accounts, Counter(_about(shop.place / "mailbox")))


def _about(folder: Path) -> Iterator[str]:
    """Read from each mail's Message-ID which event it is about."""
    for mail in mailbox.Maildir(folder, create=False):
        yield unquote(str(mail["Message-ID"]).strip("<>").rpartition("@")[0])


def _faults(seen: Seen, count: int) -> Iterator[str]:
    placed = Counter(order["reference"] for order in seen.orders.values())
    yield from _unlike("orders of the number", placed, dict.fromkeys(placed, 1))
    if len(placed) != count:
        yield f"{len(placed)} orders instead of {count}"
    yield from _ends(seen)
    yield from _money(seen)
    yield from _stock(seen)
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
    """At no moment was more held of a SKU than there was, and each order holds its lines."""
    shelf, held, of_order = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for event in seen.events:
        data, name = event["data"], event["type"]
        if name not in ON_THE_SHELF and name not in HELD:
            continue
        shelf[data["sku"]] += ON_THE_SHELF.get(name, 0) * data["quantity"]
        held[data["sku"]] += HELD.get(name, 0) * data["quantity"]
        if name in HELD:
            of_order[data["order_id"], data["sku"]] += HELD[name] * data["quantity"]
        if held[data["sku"]] > shelf[data["sku"]]:
            yield f"oversold: {data['sku']} at {event['id']}"
    wanted = Counter[tuple[str, str]]()
    for order_id, order in seen.orders.items():
        for line in order["lines"]:
            wanted[order_id, line["sku"]] += line["quantity"]
    ours = Counter({key: units for key, units in of_order.items() if key[0] in seen.orders})
    yield from _unlike("units held for", ours, wanted)


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
