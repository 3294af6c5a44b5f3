"""What can be asked of a payment."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.kernel import Command, Money, OrderId


class RequestPayment(Command, frozen=True):
    """An order owes this."""

    order_id: OrderId
    amount: Money
    payment_method: str


class StartPayment(Command, frozen=True):
    """The stock of the order is held: charge it."""

    order_id: OrderId


class ClosePayment(Command, frozen=True):
    """The order is dead: keep nothing for it."""

    order_id: OrderId


class RequireAuthentication(Command, frozen=True):
    """The provider waits for the customer, at this address."""

    order_id: OrderId
    intent: str
    url: str


class SucceedPayment(Command, frozen=True):
    """The provider has captured the money."""

    order_id: OrderId
    charge: str


class FailPayment(Command, frozen=True):
    """The provider refused for good."""

    order_id: OrderId
    code: str
    reason: str


class CompleteRefund(Command, frozen=True):
    """The provider has given the money back."""

    order_id: OrderId
    refund: str


class CompleteVoid(Command, frozen=True):
    """The provider has forgotten the charge that waited for the customer."""

    order_id: OrderId


PaymentCommand: TypeAlias = (
    RequestPayment
    | StartPayment
    | ClosePayment
    | RequireAuthentication
    | SucceedPayment
    | FailPayment
    | CompleteRefund
    | CompleteVoid
)
