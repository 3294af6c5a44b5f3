"""Which state can meet which event, command or outcome: all pairs, and why some never meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import product
from typing import Final, TypeAlias

from ecommerce.aggregates import inventory, notifications, orders, payments
from ecommerce.contexts import CONTEXTS

Pair: TypeAlias = tuple[str, str]
"""A state, and what comes: an event's name, a person's command, an outcome, or a deadline."""

_PEOPLE: Final = ("PlaceOrder", "WithdrawOrder", "ShipOrder", "DeliverOrder")
_CHARGE: Final = ("SucceedPayment", "FailPayment", "RequireAuthentication")
_MAIL: Final = ("CompleteNotification", "FailNotification")


def _heard(context: str) -> tuple[str, ...]:
    return tuple(event.__name__ for event in CONTEXTS[context].member.triggers)


def _states(what: str, states: Iterable[Enum]) -> tuple[str, ...]:
    return tuple(f"{what} {state.value}" for state in states)


ORDERS: Final = _states("order", orders.Status)
RESERVATIONS: Final = _states("reservation", inventory.Held)
MAILS: Final = _states("mail", notifications.Status)
LIVE: Final = (*_states("payment", payments.Status), "payment new, cleared")
CLOSED: Final = tuple(f"{state}, closed" for state in LIVE)
PAYMENTS: Final = (*LIVE, *CLOSED)

EVERYTHING: Final = frozenset[Pair](
    {
        *product(ORDERS, (*_heard("orders"), *_PEOPLE, "deadline")),
        *product(PAYMENTS, (*_heard("payments"), *_CHARGE, "CompleteVoid", "CompleteRefund")),
        *product(RESERVATIONS, _heard("inventory")),
        *product(("stock left", "stock out"), ("ReceiveStock", "AdjustStock")),
        *product(MAILS, (*_heard("notifications"), *_MAIL)),
    }
)
"""Every state with everything that its context can hear, be asked or be answered."""


def _but(states: Iterable[str], *others: str) -> list[str]:
    return [state for state in states if state not in others]


_NEVER: Final[tuple[tuple[Iterable[str], Iterable[str], str], ...]] = (
    (
        ["order new"],
        [*_heard("orders"), "deadline"],
        "all of these follow from OrderCreated",
    ),
    (
        _but(ORDERS, "order new"),
        ["PlaceOrder"],
        "each order's id is made for the one request that places it, and a request has a key",
    ),
    (
        _but(ORDERS, "order new", "order cancelled"),
        ["PaymentRefunded", "StockCompensated"],
        "both follow from OrderCancelled, which is final",
    ),
    (
        ["order confirmed", "order shipped", "order delivered"],
        ["StockReservationFailed"],
        "it is paid, so its stock was reserved, and a reservation is tried once",
    ),
    (
        ["payment new", "payment new, cleared", "payment requested"],
        _CHARGE,
        "the provider has not been asked",
    ),
    (
        [
            "payment new, closed",
            "payment new, cleared, closed",
            "payment requested, closed",
            "payment succeeded, closed",
        ],
        _CHARGE,
        "the provider is never asked; what is closed and succeeded at once has cost nothing",
    ),
    (
        ["payment refunding", "payment refunded", "payment voided"],
        [*_heard("payments"), *_CHARGE],
        "only what is closed is refunded or voided",
    ),
    (LIVE, ["CompleteVoid", "CompleteRefund"], "only what is closed is voided or refunded"),
    (
        ["payment voided, closed"],
        ["SucceedPayment"],
        "the provider takes no money by a charge that it has cancelled",
    ),
    (
        _but(CLOSED, "payment authenticating, closed", "payment failed, closed"),
        ["CompleteVoid"],
        "only a charge that waits for its customer is voided, once, by one call",
    ),
    (
        _but(CLOSED, "payment refunding, closed"),
        ["CompleteRefund"],
        "a refund is started once, and settled once, by one call",
    ),
    (
        _but(RESERVATIONS, "reservation reserved", "reservation shipped"),
        ["OrderShipped"],
        "what is shipped was paid, so its stock was reserved, and is not given back",
    ),
    (
        ["reservation shipped"],
        ["CompensateInventory"],
        "a shipped order cannot be cancelled",
    ),
    (["mail new"], _MAIL, "the mail server has not been asked"),
    (["mail done"], _MAIL, "a mail is settled once, by one call"),
)


def _never() -> Iterator[tuple[Pair, str]]:
    for states, what, why in _NEVER:
        for pair in product(states, what):
            yield pair, why


UNREACHABLE: Final[dict[Pair, str]] = dict(_never())
"""The pairs that never meet, each with its reason."""


def missing(reached: Iterable[Pair]) -> set[Pair]:
    """List the pairs that should have been reached and were not."""
    return {*EVERYTHING} - {*UNREACHABLE} - {*reached}
