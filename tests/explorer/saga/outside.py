"""The payment provider and the mail server: they forget nothing, and know a key again."""

from __future__ import annotations

from typing import Final

from ecommerce.aggregates.notifications import CompleteNotification, FailNotification
from ecommerce.aggregates.payments import (
    CompleteRefund,
    CompleteVoid,
    FailPayment,
    RequireAuthentication,
    SucceedPayment,
)
from ecommerce.events.notifications import NotificationQueued
from ecommerce.events.payments import PaymentStarted, RefundStarted, VoidStarted
from ecommerce.kernel import Command, Event, OrderId

FIRST: Final = {
    "pays": "succeeded",
    "is declined": "requires_payment_method",
    "asks": "requires_action",
}
"""What a charge comes to at first, by its card."""

ABOUT: Final = {
    "succeeded": "has paid",
    "requires_payment_method": "was refused",
    "requires_action": "must ask its customer",
    "canceled": "was given up by its bank",
}
"""The webhook's kinds, by what a charge has come to."""


class Wrong(Exception):
    """Something happened that must never happen."""


class Charge:
    """A charge at the provider; `asked` says whether it has ever waited for its customer."""

    def __init__(self, order: OrderId, amount: int, status: str) -> None:
        self.order = order
        self.amount = amount
        self.refunded = 0
        self.status = status
        self.asked = status == "requires_action"

    def answer(self) -> Command:
        """Say what has become of it, as the adapter reads the provider's answer."""
        match self.status:
            case "succeeded":
                return SucceedPayment(self.order, f"ch_{self.order}")
            case "requires_action":
                return RequireAuthentication(
                    self.order, f"pi_{self.order}", f"https://bank.invalid/{self.order}"
                )
            case _:
                return FailPayment(self.order, self.status, "the card was declined")


class Outside:
    """Both servers. `webhooks` are those that are yet to come: which order, what about, what says.

    `unheard` are the orders of which a webhook was lost. `mails` tells which calls have handed over
    a mail under a Message-ID.
    """

    def __init__(self) -> None:
        self.charges: dict[OrderId, Charge] = {}
        self.webhooks: dict[tuple[OrderId, str], tuple[int, Command]] = {}
        self.unheard: set[OrderId] = set()
        self.mails: dict[str, set[str]] = {}
        self._keys: set[str] = set()
        self._told = 0

    def do(self, event: Event, key: str) -> Command:
        """Do what an event intends, once for each key, and answer."""
        known = key in self._keys
        self._keys.add(key)
        match event:
            case NotificationQueued():
                return self._send(event, key)
            case PaymentStarted():
                return self._charge(event, known=known)
            case VoidStarted():
                return self._void(event)
            case RefundStarted():
                return self._refund(event, known=known)
            case _:
                raise Wrong(f"nobody can be asked for {type(event).__name__}")

    def _send(self, event: NotificationQueued, key: str) -> Command:
        if event.mail.to.startswith("nobody"):
            return FailNotification(event.about, "no such address")
        self.mails.setdefault(event.about, set()).add(key)
        return CompleteNotification(event.about)

    def _charge(self, due: PaymentStarted, *, known: bool) -> Command:
        order = due.order_id
        if not known:
            if order in self.charges:
                raise Wrong(f"order {order} is charged a second time")
            first = FIRST[due.payment_method]
            self.charges[order] = Charge(order, due.amount.amount, first)
            self._tell(self.charges[order])
        return self.charges[order].answer()

    def _void(self, due: VoidStarted) -> Command:
        charge = self.charges[due.order_id]
        if charge.status == "succeeded":
            return charge.answer()
        charge.status = "canceled"  # by us: of that the webhook tells nothing
        return CompleteVoid(due.order_id)

    def _refund(self, due: RefundStarted, *, known: bool) -> Command:
        order = due.order_id
        charge = self.charges.get(order)
        if not charge or charge.status != "succeeded" or due.charge != f"ch_{order}":
            raise Wrong(f"order {order} is refunded what was never charged")
        if not known:
            charge.refunded += due.amount.amount
        if charge.refunded > charge.amount:
            raise Wrong(f"order {order} is refunded more than was charged")
        return CompleteRefund(order, f"re_{order}")

    def may(self, order: OrderId, does: str) -> bool:
        """Say whether a charge waits for this; who has refused may think better of it."""
        charge = self.charges.get(order)
        waits = charge is not None and charge.status == "requires_action"
        again = charge is not None and charge.asked and charge.status == "requires_payment_method"
        return waits or (again and does == "approves")

    def settle(self, order: OrderId, does: str) -> None:
        """Let the customer, or the bank, decide about a charge."""
        charge = self.charges[order]
        charge.status = {
            "approves": "succeeded",
            "refuses": "requires_payment_method",
            "gives up": "canceled",
        }[does]
        self._tell(charge)

    def _tell(self, charge: Charge) -> None:
        self._told += 1
        self.webhooks[charge.order, ABOUT[charge.status]] = self._told, charge.answer()
