"""What can happen next in the shop: each step names whom it concerns, not what came before."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.aggregates.inventory import AdjustStock, ReceiveStock
from ecommerce.aggregates.orders import DeliverOrder, PlaceOrder, ShipOrder, WithdrawOrder
from ecommerce.kernel import Command, OrderId, Value


class Ask(Value, frozen=True):
    """A person asks for something over HTTP; under a key that was used before, a second time."""

    key: str
    command: Command

    def __str__(self) -> str:
        return in_words(self.command)


class Hear(Value, frozen=True):
    """A context hears a message, the next of its stream or an `early` one: it may then die, and
    hear it again.

    The bus lets nothing overtake within a stream. The deciders must do without that all the same.
    """

    context: str
    stream: str
    event: str
    early: bool = False
    dies: bool = False

    def __str__(self) -> str:
        early = ", before its turn" if self.early else ""
        dies = ", and dies before it acknowledges it" if self.dies else ""
        return f"{self.context} hears {self.event} of {self.stream}{early}{dies}"


class Repeat(Value, frozen=True):
    """A copy of a message that is, or was, on its way comes past the inbox, which would know it."""

    context: str
    stream: str
    event: str

    def __str__(self) -> str:
        return f"{self.context} hears a copy of {self.event} of {self.stream}"


class Call(Value, frozen=True):
    """A context gets on with its next call of a stream, as far as this.

    It may be `begun`, `made` or `settled`, be `refused` a connection, or die and be `lost`.
    """

    context: str
    stream: str
    to: str = "settled"

    def __str__(self) -> str:
        return f"the call of {self.context} for {self.stream} is {self.to}"


class Take(Value, frozen=True):
    """A ticker has found an order's deadline due, and has it in hand."""

    stream: str

    def __str__(self) -> str:
        return f"the deadline of {self.stream} comes"


class Expire(Value, frozen=True):
    """The deadline of an order is told to it."""

    stream: str

    def __str__(self) -> str:
        return f"{self.stream} is told that its deadline has come"


class Customer(Value, frozen=True):
    """A customer `approves` at the bank, or `refuses`; or the bank `gives up` waiting."""

    order: OrderId
    does: str

    def __str__(self) -> str:
        who = "the bank" if self.does == "gives up" else "the customer"
        return f"{who} {self.does} the payment of order {self.order}"


class Tell(Value, frozen=True):
    """The provider's webhook comes; a `first` time means that it will come again."""

    order: OrderId
    kind: str
    first: bool = False

    def __str__(self) -> str:
        again = ", and not for the last time" if self.first else ""
        return f"the provider tells that order {self.order} {self.kind}{again}"


class Lose(Value, frozen=True):
    """A webhook never comes."""

    order: OrderId
    kind: str

    def __str__(self) -> str:
        return f"the webhook that order {self.order} {self.kind} is lost"


class Crash(Value, frozen=True):
    """All processes of a context die, and others start."""

    context: str

    def __str__(self) -> str:
        return f"{self.context} is killed, and started anew"


Step: TypeAlias = Ask | Hear | Repeat | Call | Take | Expire | Customer | Tell | Lose | Crash


def in_words(command: Command) -> str:
    """Say what a person asks for."""
    match command:
        case PlaceOrder(order_id, payment_method=card, lines=lines):
            what = ", ".join(f"{line.quantity} {line.sku}" for line in lines)
            cost = sum(line.quantity * line.unit_price.amount for line in lines)
            return f"a customer places order {order_id}: {what} for {cost}, by a card that {card}"
        case WithdrawOrder(order_id, owner=owner):
            return f"{owner or 'staff'} cancels order {order_id}"
        case ShipOrder(order_id):
            return f"staff ships order {order_id}"
        case DeliverOrder(order_id):
            return f"staff delivers order {order_id}"
        case ReceiveStock(sku, quantity):
            return f"{quantity} {sku} come in"
        case AdjustStock(sku, quantity):
            return f"{sku} is counted: {quantity:+}"
        case _:
            return str(command)
