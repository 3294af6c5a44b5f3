"""What can be asked of an order, and the rules by which people are refused."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from ecommerce.events.orders import Address, Charge, Customer, OrderLine
from ecommerce.kernel import Command, Money, OrderId, Rejected


class PlaceOrder(Command, frozen=True):
    """Order these lines at these prices."""

    order_id: OrderId
    owner: str
    customer: Customer
    shipping_address: Address
    payment_method: str
    lines: tuple[OrderLine, ...]
    charges: tuple[Charge, ...]
    placed_at: datetime
    reference: str | None = None


class ConfirmOrder(Command, frozen=True):
    """The order is paid."""

    order_id: OrderId


class CancelOrder(Command, frozen=True):
    """End the order; `compensate` where stock may be held for it."""

    order_id: OrderId
    code: str
    reason: str
    compensate: bool


class AskForAuthentication(Command, frozen=True):
    """The bank wants to hear from the customer, at this address."""

    order_id: OrderId
    url: str


class CompleteCompensation(Command, frozen=True):
    """Inventory holds nothing for the order any more."""

    order_id: OrderId


class CompleteRefund(Command, frozen=True):
    """The customer has the money back."""

    order_id: OrderId
    amount: Money


class WithdrawOrder(Command, frozen=True):
    """A person does not want the order any more: its `owner`, or staff where none is given."""

    order_id: OrderId
    reason: str
    owner: str | None = None


class ShipOrder(Command, frozen=True):
    """The whole order was given to a carrier."""

    order_id: OrderId
    carrier: str | None = None
    tracking: str | None = None


class DeliverOrder(Command, frozen=True):
    """The customer has the goods."""

    order_id: OrderId


OrderCommand: TypeAlias = (
    PlaceOrder
    | AskForAuthentication
    | ConfirmOrder
    | CancelOrder
    | CompleteCompensation
    | CompleteRefund
    | WithdrawOrder
    | ShipOrder
    | DeliverOrder
)


class OrderIsEmpty(Rejected):
    """An order needs at least one line or charge."""


class TotalOutOfRange(Rejected):
    """An order cannot owe less than nothing, nor more than 10 trillion of its currency."""


class NoSuchOrder(Rejected):
    """There is no such order."""


class OrderNotConfirmed(Rejected):
    """Only a confirmed order can be shipped."""


class OrderNotShipped(Rejected):
    """Only a shipped order can be delivered."""


class OrderAlreadyShipped(Rejected):
    """The order is shipped: it can neither be cancelled nor shipped again."""


class OrderAlreadyDelivered(Rejected):
    """The order is delivered already."""


class OrderIsCancelled(Rejected):
    """The order is cancelled."""
