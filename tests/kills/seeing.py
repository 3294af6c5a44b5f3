"""What the logs, the provider's ledger and the mailbox hold of some orders."""

from __future__ import annotations

import mailbox
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from ecommerce.contexts import CONTEXTS
from running_shop import RunningShop

Event = dict[str, Any]


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


def look(shop: RunningShop, ours: Callable[[str], bool]) -> Seen:
    """See all that there is of the orders of such references."""
    events = [*chain.from_iterable(shop.log(context) for context in CONTEXTS)]
    created = (event["data"] for event in events if event["type"] == "OrderCreated")
    orders = {order["order_id"]: order for order in created if ours(order["reference"] or "")}
    accounts = [account for account in shop.accounts() if account["order_id"] in orders]
    return Seen(orders, events, accounts, Counter(_about(shop.place / "mailbox")))


def _about(folder: Path) -> Iterator[str]:
    """Read from each mail's Message-ID which event it is about."""
    for mail in mailbox.Maildir(folder, create=False):
        yield unquote(str(mail["Message-ID"]).strip("<>").rpartition("@")[0])
