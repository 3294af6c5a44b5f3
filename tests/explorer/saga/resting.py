"""What must hold once nothing is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ecommerce.aggregates.inventory import Stock, stock
from ecommerce.aggregates.notifications import Status as MailStatus
from ecommerce.aggregates.orders import Order, Status
from ecommerce.aggregates.payments import Payment
from ecommerce.aggregates.payments import Status as PaymentStatus
from ecommerce.events.orders import OrderCancelled, OrderCreated
from explorer.saga.outside import Charge

if TYPE_CHECKING:
    from explorer.saga.world import World

BOUGHT: Final = {Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED}

_AFTERWARDS: Final = {"CompensateInventory", "OrderCompensated", "OrderRefunded"}
"""What may still happen to an order that is cancelled."""


def broken(world: World) -> str | None:
    """Say what does not hold though nothing is left to do."""
    return next(_all(world), None)


def _all(world: World) -> Iterator[str]:
    yield from _left(world)
    yield from _stocks(world)
    for created in placed(world):
        order: Order = world.logs["orders"].states[f"order-{created.order_id}"]
        yield from _order(world, created, order)
        yield from _money(world, created, order)
        yield from _story(world, created.order_id)
    yield from _mails(world)
    yield from _unheard(world)


def placed(world: World) -> list[OrderCreated]:
    """List the orders."""
    events = (told.event for told in world.logs["orders"].events)
    return [event for event in events if isinstance(event, OrderCreated)]


def _left(world: World) -> Iterator[str]:
    for context, stream in world.calls():
        yield f"{context} has still to call for {stream}"
    for stream in world.logs["orders"].timers:
        yield f"the deadline of {stream} is still set"


def _stocks(world: World) -> Iterator[str]:
    """On hand is what came in less what was shipped; reserved is what confirmed orders wait for."""
    on_hand, reserved = world.counted.copy(), Counter[str]()
    for created in placed(world):
        status = world.logs["orders"].states[f"order-{created.order_id}"].status
        for line in created.lines:
            if status is Status.CONFIRMED:
                reserved[line.sku] += line.quantity
            elif status in BOUGHT:
                on_hand[line.sku] -= line.quantity
    for sku in on_hand | reserved:
        there: Stock = world.logs["inventory"].state(stock(sku))
        if (there.on_hand, there.reserved) != (on_hand[sku], reserved[sku]):
            yield (
                f"of {sku}, there are {there.on_hand} with {there.reserved} reserved, and should"
                f" be {on_hand[sku]} with {reserved[sku]}"
            )


def _order(world: World, created: OrderCreated, order: Order) -> Iterator[str]:
    number = created.order_id
    if order.status not in {*BOUGHT, Status.CANCELLED}:
        yield f"order {number} is {order.status.value} for ever"
    if order.compensating:
        yield f"order {number} never hears that its stock went back"
    charge = world.outside.charges.get(number)
    if order.refunded != bool(charge and charge.refunded):
        yield f"order {number} {'says' if order.refunded else 'never says'} that it was refunded"


def _money(world: World, created: OrderCreated, order: Order) -> Iterator[str]:
    """What a confirmed order owes is kept; for any other, nothing is, or still can be paid."""
    number, charge = created.order_id, world.outside.charges.get(created.order_id)
    captured = charge.amount if charge and charge.status == "succeeded" else 0
    kept = captured - (charge.refunded if charge else 0)
    owed = created.total.amount if order.status in BOUGHT else 0
    if kept != owed:
        yield f"order {number} is {order.status.value} and owes {owed}, and {kept} is kept"
    open_ = charge and charge.asked and charge.status not in {"succeeded", "canceled"}
    if open_ and order.status not in BOUGHT:
        yield f"order {number} is dead, and its customer can still pay for it"
    payment: Payment = world.logs["payments"].state(f"payment-{number}")
    if payment.closed == (order.status in BOUGHT):
        yield f"order {number} is {order.status.value}, and payments takes it for the contrary"
    if payment.status not in _told(charge, payment):
        yield f"the charge of order {number} is not what payments says: {payment.status.value}"


def _told(charge: Charge | None, payment: Payment) -> set[PaymentStatus]:
    """List what payments may say of a charge that has come to an end."""
    if charge is None:
        free = PaymentStatus.SUCCEEDED if payment.amount.amount == 0 else PaymentStatus.STARTED
        return {PaymentStatus.NEW, PaymentStatus.REQUESTED, free}
    if charge.status == "succeeded":
        return {PaymentStatus.REFUNDED if charge.refunded else PaymentStatus.SUCCEEDED}
    if charge.status == "canceled" and payment.intent is None:
        return {PaymentStatus.VOIDED, PaymentStatus.FAILED}
    return {PaymentStatus.FAILED} if charge.status == "requires_payment_method" else set()


def _story(world: World, number: str) -> Iterator[str]:
    events = [t.event for t in world.logs["orders"].events if t.stream == f"order-{number}"]
    names = [type(event).__name__ for event in events]
    if len({*names}) < len(names):
        yield f"order {number} tells something twice: {' '.join(names)}"
    if "OrderCancelled" not in names:
        return
    end = names.index("OrderCancelled")
    if not {*names[end + 1 :]} <= _AFTERWARDS or "OrderShipped" in names:
        yield f"order {number} was both alive and dead: {' '.join(names)}"
    cancelled = events[end]
    assert isinstance(cancelled, OrderCancelled)
    if "OrderConfirmed" in names and not cancelled.code.startswith("cancelled_by"):
        yield f"order {number} was confirmed, and nobody wanted to cancel it: {cancelled.code}"


def _mails(world: World) -> Iterator[str]:
    """Each event that customers hear of makes one mail."""
    for (context, stream, name), told in world.bus.sent.items():
        if context != "notifications":
            continue
        email = told.event.customer.email  # type: ignore[attr-defined] # all of these have one
        handed_over = len(world.outside.mails.get(told.id, ()))
        mail = world.logs["notifications"].state(f"notification-{told.id}")
        if email and mail.status is not MailStatus.DONE:
            yield f"nobody knows whether the mail of {name} of {stream} was sent"
        if handed_over != (email is not None and not email.startswith("nobody")):
            yield f"of {name} of {stream}, {handed_over} mails are sent"


def _unheard(world: World) -> Iterator[str]:
    """Every event was handled by whoever listens to it, and once more changes nothing."""
    for (context, stream, name), told in world.bus.sent.items():
        log = world.logs[context]
        for key, command in world.reactions(context, told):
            if key not in log.keys:
                yield f"{context} has never handled {name} of {stream}"
            elif again := [event for events in log.decide(command).values() for event in events]:
                would = ", ".join(type(event).__name__ for event in again)
                yield f"{context}, told {name} of {stream} once more, would record {would}"
