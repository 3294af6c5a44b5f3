"""What the importer and the shop say to each other over HTTP, and the types to read it by."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, TypeAlias

import msgspec

from ecommerce.cli.importers.online_retail import Order, Product
from ecommerce.cli.importers.supply import Adjustment, Receipt
from ecommerce.events.orders import OrderLine
from ecommerce.kernel import Money, Value

PAYMENT_METHOD = "pm_card_visa"

Status: TypeAlias = Literal["open", "confirmed", "shipped", "delivered", "cancelled"]


class Placed(Value, frozen=True):
    """What counts of an order that the shop holds."""

    reference: str
    status: Status
    lines: int
    units: int
    total: Money
    placed_at: datetime
    created_at: datetime
    code: str | None = None

    @property
    def outcome(self) -> str:
        """How it ended: confirmed, or the code of why it was cancelled; or that it is open.

        A confirmed order stays confirmed when it is shipped and delivered.
        """
        if self.status == "cancelled":
            return self.code or self.status
        return "open" if self.status == "open" else "confirmed"


class DayOfSales(Value, frozen=True):
    """A day in the shop's own report."""

    day: date
    currency: str
    placed: int
    confirmed: int
    open: int
    cancelled: dict[str, int]
    units: int
    revenue: Money


def sales(body: Any) -> list[DayOfSales]:
    """Read a report of sales."""
    return msgspec.convert(body["items"], list[DayOfSales])


class _Shown(Value, frozen=True):
    """An order as the shop shows it."""

    reference: str
    status: Status
    lines: tuple[OrderLine, ...]
    total: Money
    placed_at: datetime
    created_at: datetime
    code: str | None = None


def placed(body: Any) -> list[Placed]:
    """Read a page of orders. Their lines are only counted: all of them would fill the memory."""
    return [
        Placed(
            reference=it.reference,
            status=it.status,
            lines=len(it.lines),
            units=sum(line.quantity for line in it.lines),
            total=it.total,
            placed_at=it.placed_at,
            created_at=it.created_at,
            code=it.code,
        )
        for it in msgspec.convert(body["items"], list[_Shown])
    ]


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
