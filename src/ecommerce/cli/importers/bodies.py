"""What the importer and the shop say to each other over HTTP, and the types to read it by."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from ecommerce.cli.importers.online_retail import Adjustment, Order, Product, Receipt
from ecommerce.events.orders import OrderLine
from ecommerce.kernel import Money, Value

PAYMENT_METHOD = "pm_card_visa"


class Placed(Value, frozen=True):
    """An order as the shop knows it."""

    reference: str
    status: Literal["open", "confirmed", "cancelled"]
    lines: tuple[OrderLine, ...]
    total: Money
    placed_at: datetime
    created_at: datetime
    code: str | None = None

    @property
    def outcome(self) -> str:
        """How it ended: confirmed, or the code of why it was cancelled; or that it is open."""
        return self.code or self.status

    @property
    def units(self) -> int:
        """How many pieces were ordered."""
        return sum(line.quantity for line in self.lines)


class DayOfSales(Value, frozen=True):
    """A day in the shop's own report."""

    day: date
    currency: str
    confirmed: int
    open: int
    cancelled: dict[str, int]
    units: int
    revenue: Money


def sales(body: Any) -> list[DayOfSales]:
    """Read a report of sales."""
    return msgspec.convert(body["items"], list[DayOfSales])


def placed(body: Any) -> list[Placed]:
    """Read a page of orders."""
    return msgspec.convert(body["items"], list[Placed])


class Movement(Value, frozen=True):
    """A movement of stock that has a reference, such as a receipt."""

    time: datetime
    reference: str | None = None


def movements(body: Any) -> list[Movement]:
    """Read the latest movements of a SKU."""
    return msgspec.convert(body["movements"], list[Movement])


def pounds(pence: int) -> dict[str, Any]:
    """Write an amount as the shop does, in minor units."""
    return {"amount": pence, "currency": "GBP"}


def product(product: Product) -> dict[str, Any]:
    """Write a product."""
    return {"sku": product.sku, "name": product.name, "price": pounds(product.price)}


def price(pence: int) -> dict[str, Any]:
    """Write another price of a product."""
    return {"price": pounds(pence)}


def receipt(receipt: Receipt) -> dict[str, Any]:
    """Write stock that came in."""
    return {"quantity": receipt.quantity, "reference": receipt.reference}


def adjustment(adjustment: Adjustment) -> dict[str, Any]:
    """Write stock that left unsold."""
    return {"quantity": adjustment.quantity, "reason": adjustment.reason}


def order(order: Order) -> dict[str, Any]:
    """Write an invoice as an order; a customer without a number is a guest."""
    email = {"email": f"customer-{order.customer}@import.invalid"} if order.customer else {}
    return {
        "customer": email,
        "shipping_address": {"country": order.country},
        "payment_method": PAYMENT_METHOD,
        "lines": [
            {"sku": row.code, "quantity": row.quantity, "unit_price": pounds(int(row.price))}
            for row in order.lines
        ],
        "charges": [{"code": row.code, "amount": pounds(int(row.amount))} for row in order.charges],
        "placed_at": order.at.isoformat(),
        "reference": order.number,
    }
