"""What orders tells the others: an order's way from placed to delivered or cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from ecommerce.kernel import Event, Money, OrderId, Personal, Quantity, Sku, Value


class Customer(Value, frozen=True):
    """Who ordered. Without an e-mail address no mail is sent."""

    name: Personal[str | None] = None
    email: Personal[str | None] = None


class Address(Value, frozen=True):
    """Where the goods go. `country` is a name or an ISO 3166 code, as the customer wrote it."""

    country: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Personal[str | None] = None
    street: Personal[str | None] = None
    city: Personal[str | None] = None
    postcode: Personal[str | None] = None


class OrderLine(Value, frozen=True):
    """One line of an order; numbers start at 1 and a SKU may stand on several lines."""

    number: int
    sku: Sku
    quantity: Quantity
    unit_price: Money


class Charge(Value, frozen=True):
    """What an order owes beside its lines, such as postage."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    amount: Money


class OrderCreated(Event, frozen=True):
    """An order was placed; its deadline runs from here."""

    order_id: OrderId
    owner: str
    """The caller who placed it, who alone may see it."""
    customer: Customer
    shipping_address: Address
    payment_method: str
    """The provider's name of a payment method, never a card number."""
    lines: tuple[OrderLine, ...]
    charges: tuple[Charge, ...]
    total: Money
    placed_at: datetime
    reference: str | None = None
    """The number that another system knows this order by."""


class OrderConfirmed(Event, frozen=True):
    """The order is paid and its stock is held: it will be shipped."""

    order_id: OrderId
    customer: Customer
    total: Money


class OrderCancelled(Event, frozen=True):
    """The order is dead: nothing may be kept for it, neither money nor stock."""

    order_id: OrderId
    customer: Customer
    reason: str
    """In words for the customer, such as `the card was declined`."""
    code: str
    """For machines: `out_of_stock`, `payment_failed`, `timed_out`, or who did not want it any more:
    `cancelled_by_customer` or `cancelled_by_staff`."""


class CompensateInventory(Event, frozen=True):
    """Inventory is to return what it holds for this order.

    The one event with an imperative name: the mission calls it so. It is a fact all the same, the
    fact that orders wants the stock back; inventory decides what that means.
    """

    order_id: OrderId
    skus: tuple[Sku, ...]


class OrderCompensated(Event, frozen=True):
    """Nothing is held for this dead order any more."""

    order_id: OrderId


class AuthenticationRequested(Event, frozen=True):
    """The bank wants to hear from the customer; the order waits for it until its deadline."""

    order_id: OrderId
    customer: Customer
    total: Money
    url: str
    """Where the customer authenticates the payment."""


class OrderRefunded(Event, frozen=True):
    """The customer has back what was paid for this dead order."""

    order_id: OrderId
    customer: Customer
    amount: Money


class OrderShipped(Event, frozen=True):
    """The whole order is on its way; it cannot be cancelled any more."""

    order_id: OrderId
    customer: Customer
    skus: tuple[Sku, ...]
    carrier: str | None = None
    tracking: str | None = None
    """The carrier's number of the parcel."""


class OrderDelivered(Event, frozen=True):
    """The customer has the goods."""

    order_id: OrderId


OrderEvent: TypeAlias = (
    OrderCreated
    | AuthenticationRequested
    | OrderConfirmed
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | CompensateInventory
    | OrderCompensated
    | OrderRefunded
)
