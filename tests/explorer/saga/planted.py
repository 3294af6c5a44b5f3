"""Ten bugs as somebody might write them: each takes the place of one real decider or policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from ecommerce.aggregates import inventory, notifications, orders, payments
from ecommerce.contexts import CONTEXTS, Context
from ecommerce.events.inventory import (
    StockCompensated,
    StockReservationFailed,
    UnitsReleased,
    UnitsReserved,
)
from ecommerce.events.notifications import NotificationQueued
from ecommerce.events.orders import CompensateInventory, OrderCancelled
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentStarted,
    RefundStarted,
)
from ecommerce.kernel import Command, Decision, Fold, Streams
from explorer.saga.world import Shop, shop

Decide: TypeAlias = Callable[[Any, Streams], Decision]


class Buggy:
    """A decider in whose place another function decides."""

    def __init__(self, real: Any, decide: Decide, folds: Mapping[str, Fold] | None = None) -> None:
        self.folds: Mapping[str, Fold] = folds or real.folds
        self.decide = decide
        self._real = real

    def streams(self, command: Any, /) -> Sequence[str]:
        return list(self._real.streams(command))


def _late_payment_forgotten(command: Any, states: Streams) -> Decision:
    """A payment that comes after the order's death is noted, and that is all."""
    decision = payments.decide(command, states)
    if isinstance(command, payments.SucceedPayment):
        return {name: events[:1] for name, events in decision.items()}
    return decision


def _charged_after_close(command: Any, states: Streams) -> Decision:
    """Stock that is held starts the charge, whether or not the order still lives."""
    match command:
        case payments.StartPayment(order_id):
            name = payments.stream(order_id)
            payment: payments.Payment = states[name]
            if payment.status is payments.Status.REQUESTED:
                due = PaymentStarted(order_id, payment.amount, payment.payment_method)
                return {name: [due]}
    return payments.decide(command, states)


def _close_lost_when_early(command: Any, states: Streams) -> Decision:
    """An order that payments has not heard of is nothing to close."""
    if isinstance(command, payments.ClosePayment):
        payment: payments.Payment = states[payments.stream(command.order_id)]
        if payment.status is payments.Status.NEW:
            return {}
    return payments.decide(command, states)


def _refunds_what_was_free(command: Any, states: Streams) -> Decision:
    """Whatever has succeeded is refunded, also what has cost nothing."""
    if isinstance(command, payments.ClosePayment):
        name = payments.stream(command.order_id)
        payment: payments.Payment = states[name]
        if payment.status is payments.Status.SUCCEEDED and not payment.closed:
            refund = RefundStarted(command.order_id, payment.amount, str(payment.charge))
            return {name: [PaymentClosed(command.order_id), refund]}
    return payments.decide(command, states)


def _still_held(held: inventory.Reservation, event: Any) -> inventory.Reservation:
    after = inventory.evolve_reservation(held, event)
    return replace(after, items=held.items) if isinstance(event, StockCompensated) else after


def _released_twice(command: Any, states: Streams) -> Decision:
    """What an order holds goes back as often as somebody asks."""
    if isinstance(command, inventory.CompensateStock):
        held: inventory.Reservation = states[inventory.reservation(command.order_id)]
        if held.held is inventory.Held.COMPENSATED:
            return {
                inventory.stock(item.sku): [
                    UnitsReleased(item.sku, command.order_id, item.quantity)
                ]
                for item in held.items
            }
    return inventory.decide(command, states)


def _early_compensation_forgotten(command: Any, states: Streams) -> Decision:
    """Where nothing is reserved there is nothing to give back, and nothing to remember."""
    if isinstance(command, inventory.CompensateStock):
        held: inventory.Reservation = states[inventory.reservation(command.order_id)]
        if held.held is inventory.Held.UNKNOWN:
            return {}
    return inventory.decide(command, states)


def _partly_reserved(command: Any, states: Streams) -> Decision:
    """What there is of an order is held, though some of it is short."""
    decision = inventory.decide(command, states)
    if isinstance(command, inventory.ReserveStock) and any(
        isinstance(event, StockReservationFailed)
        for events in decision.values()
        for event in events
    ):
        return decision | {
            inventory.stock(item.sku): [UnitsReserved(item.sku, command.order_id, item.quantity)]
            for item in command.items
            if states[inventory.stock(item.sku)].available >= item.quantity
        }
    return decision


def _times_out_when_confirmed(command: Any, states: Streams) -> Decision:
    """A deadline ends any order that is not shipped yet."""
    if isinstance(command, orders.CancelOrder) and command.code == "timed_out":
        name = orders.stream(command.order_id)
        order: orders.Order = states[name]
        if order.status is orders.Status.CONFIRMED:
            cancelled = OrderCancelled(
                command.order_id, order.customer, command.reason, command.code
            )
            return {name: [cancelled, CompensateInventory(command.order_id, order.skus)]}
    return orders.decide(command, states)


def _mails_each_time(command: Any, states: Streams) -> Decision:
    """A mail is queued whenever its event is heard."""
    if isinstance(command, notifications.QueueNotification):
        name = notifications.stream(command.about)
        return {name: [NotificationQueued(command.about, command.mail)]}
    return notifications.decide(command, states)


def _confirms_when_asked(event: Any, event_id: str) -> Iterator[Command]:
    """A payment of which there is news is taken for made."""
    react = CONTEXTS["orders"].member.react
    assert react
    if isinstance(event, PaymentAuthenticationRequired):
        yield orders.ConfirmOrder(event.order_id)
    else:
        yield from react(event, event_id)


def _decided(context: str, decide: Decide, folds: Mapping[str, Fold] | None = None) -> Shop:
    real = CONTEXTS[context]
    return _with(replace(real, decider=Buggy(real.decider, decide, folds)))


def _with(context: Context) -> Shop:
    return shop({**CONTEXTS, context.name: context})


_HELD_ON: Final = inventory.folds | {
    "reservation": replace(inventory.folds["reservation"], evolve=_still_held)
}

_ORDERS: Final = CONTEXTS["orders"]

BUGS: Final[dict[str, Shop]] = {
    "late payment forgotten": _decided("payments", _late_payment_forgotten),
    "stock released twice": _decided("inventory", _released_twice, _HELD_ON),
    "charge after close": _decided("payments", _charged_after_close),
    "deadline after confirm": _decided("orders", _times_out_when_confirmed),
    "compensation before reservation": _decided("inventory", _early_compensation_forgotten),
    "two mails": _decided("notifications", _mails_each_time),
    "cancel lost when it overtakes creation": _decided("payments", _close_lost_when_early),
    "partial reservation left": _decided("inventory", _partly_reserved),
    "refund of what was never charged": _decided("payments", _refunds_what_was_free),
    "confirm without payment": _with(
        replace(_ORDERS, member=replace(_ORDERS.member, react=_confirms_when_asked))
    ),
}
"""A shop with each bug."""
