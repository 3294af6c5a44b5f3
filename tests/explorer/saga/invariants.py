"""What must hold at every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ecommerce.aggregates.inventory import AdjustStock, Held, Reservation, Stock, stock
from ecommerce.aggregates.orders import (
    DeliverOrder,
    Order,
    PlaceOrder,
    ShipOrder,
    Status,
    WithdrawOrder,
)
from ecommerce.events.inventory import StockReservationFailed
from ecommerce.events.payments import PaymentStarted
from ecommerce.kernel import Command
from explorer.saga.log import Log, Told
from explorer.saga.outside import Wrong

if TYPE_CHECKING:
    from explorer.saga.world import World

_WISHES: Final[dict[type[Command], tuple[set[Status], Status]]] = {
    PlaceOrder: ({Status.NEW}, Status.OPEN),
    ShipOrder: ({Status.CONFIRMED}, Status.SHIPPED),
    DeliverOrder: ({Status.SHIPPED}, Status.DELIVERED),
    WithdrawOrder: ({Status.OPEN, Status.CONFIRMED, Status.CANCELLED}, Status.CANCELLED),
}
"""What people may ask of an order: when it is done, and what the order is then."""


def check_stock(inventory: Log, told: Iterable[Told]) -> None:
    """Expect that no stock is negative, what is reserved is held, and what is short is short."""
    held = Counter[str]()
    for state in inventory.states.values():
        if isinstance(state, Reservation) and state.held is Held.RESERVED:
            for item in state.items:
                held[item.sku] += item.quantity
    for stream, state in inventory.states.items():
        if isinstance(state, Stock):
            sku = stream.removeprefix("stock-")
            if not 0 <= state.reserved <= state.on_hand:
                raise Wrong(f"of {sku}, {state.reserved} of {state.on_hand} are reserved")
            if state.reserved != held[sku]:
                raise Wrong(f"of {sku}, {state.reserved} are reserved and orders hold {held[sku]}")
    for one in told:
        if isinstance(one.event, StockReservationFailed):
            _check_shortages(inventory, one.event)


def _check_shortages(inventory: Log, failed: StockReservationFailed) -> None:
    for short in failed.shortages:
        there: Stock = inventory.state(stock(short.sku))
        if not there.available == short.available < short.requested:
            raise Wrong(f"order {failed.order_id} was told of a shortage that is none")
    if not failed.shortages:
        raise Wrong(f"order {failed.order_id} is short of nothing, and gets nothing")


def check_call(log: Log, told: Told) -> None:
    """Expect when a call is first made: no dead order is charged."""
    if isinstance(told.event, PaymentStarted) and log.states[told.stream].closed:
        raise Wrong(f"order {told.event.order_id} is charged after its payment was closed")


def expects_refusal(world: World, command: Any) -> bool:
    """Say whether a person is to be refused this."""
    if isinstance(command, AdjustStock):
        there: Stock = world.logs["inventory"].state(stock(command.sku))
        return there.available + command.quantity < 0
    if type(command) not in _WISHES:
        return False
    order: Order = world.logs["orders"].state(f"order-{command.order_id}")
    stranger = isinstance(command, WithdrawOrder) and command.owner not in {None, order.owner}
    return stranger or order.status not in _WISHES[type(command)][0]


def check_wish(world: World, command: Any) -> None:
    """Expect that an order has become what a person was promised."""
    if type(command) in _WISHES:
        order: Order = world.logs["orders"].state(f"order-{command.order_id}")
        if order.status is not _WISHES[type(command)][1]:
            raise Wrong(f"{type(command).__name__} was taken, and the order {order.status.value}")


def check_patience(world: World, stream: str) -> None:
    """Expect that nothing but its customer keeps an order waiting until its deadline."""
    order: Order = world.logs["orders"].states[stream]
    number = stream.removeprefix("order-")
    if order.status is not Status.OPEN:
        if stream in world.timers:
            raise Wrong(f"order {number} is {order.status.value}, and its deadline is still set")
    elif world.idle and number not in world.outside.unheard:
        charge = world.outside.charges.get(number)
        if not (charge and charge.status == "requires_action" and order.asked):
            raise Wrong(f"order {number} waits for nothing until its deadline")
