"""An order as a request gives it, and the rules that it must keep before it can be placed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from ecommerce.api.caller import Caller
from ecommerce.api.price import Price
from ecommerce.api.problems import Fault, Refused, invalid, refused
from ecommerce.api.reading import AnySku, upper
from ecommerce.events.orders import OrderLine
from ecommerce.kernel import MOST_MONEY, Money, Quantity, Value

SET_PRICES: Final = "orders:price"
IMPORT: Final = "orders:import"

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999

EMAIL: Final = r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$(?!\n)"

Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Buyer(Value, frozen=True, forbid_unknown_fields=True):
    """Who orders. Without an e-mail address no mail is sent."""

    name: Text | None = None
    email: Annotated[str, Meta(max_length=254, pattern=EMAIL)] | None = None


class Destination(Value, frozen=True, forbid_unknown_fields=True):
    """Where the goods go; `country` is a name or an ISO 3166 code."""

    country: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Text | None = None
    street: Text | None = None
    city: Text | None = None
    postcode: Text | None = None


class Line(Value, frozen=True, forbid_unknown_fields=True):
    """One line; a SKU may stand on several. `unit_price` is what the customer was shown."""

    sku: AnySku
    quantity: Quantity
    unit_price: Price | None = None


class ExtraCharge(Value, frozen=True, forbid_unknown_fields=True):
    """What is owed beside the lines, such as postage; less than nothing is a discount."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    amount: Money


class NewOrder(Value, frozen=True, forbid_unknown_fields=True):
    """An order to be placed. `charges`, `placed_at` and `reference` are for importers alone."""

    customer: Buyer
    shipping_address: Destination
    payment_method: Annotated[
        str,
        Meta(
            max_length=64,
            pattern=r"^[A-Za-z][A-Za-z0-9_]*$(?!\n)",
            description="The provider's name of it, such as `pm_card_visa`; never a card number.",
        ),
    ]
    lines: Annotated[list[Line], Meta(max_length=2000)]
    charges: Annotated[list[ExtraCharge], Meta(max_length=100)] = []  # noqa: RUF012 - msgspec copies it
    placed_at: Annotated[datetime, Meta(tz=True)] | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


def check_fields(order: NewOrder, caller: Caller) -> None:
    """Refuse what only an importer may send, and an order of nothing. Raises `Refused`."""
    given = [name for name in ("charges", "placed_at", "reference") if getattr(order, name)]
    if given and not caller.may(IMPORT):
        faults = [Fault(name, f"needs the scope {IMPORT}") for name in given]
        raise refused(403, f"These fields need the scope {IMPORT}.", "ScopeMissing", faults)
    if not order.lines and not order.charges:
        raise invalid([Fault("lines", "needs at least one line")])
    if order.placed_at and not FIRST_YEAR <= order.placed_at.year <= LAST_YEAR:
        raise invalid([Fault("placed_at", f"is not from {FIRST_YEAR} to {LAST_YEAR}")])


def price_lines(
    lines: Sequence[Line], prices: Mapping[str, Money], caller: Caller
) -> tuple[OrderLine, ...]:
    """Give each line its number and its price.

    Raises `Refused` for SKUs that are not sold, and for prices that are not the current ones
    where the caller may not set them.
    """
    unknown = [
        _unknown(number, upper(line.sku))
        for number, line in enumerate(lines)
        if upper(line.sku) not in prices
    ]
    if unknown:
        raise refused(422, "Some lines name a SKU that is not sold.", "UnknownSku", unknown)
    changed = [] if caller.may(SET_PRICES) else [*_changed(lines, prices)]
    if changed:
        raise _price_changed(changed)
    return tuple(
        OrderLine(
            number,
            sku := upper(line.sku),
            line.quantity,
            line.unit_price.money if line.unit_price else prices[sku],
        )
        for number, line in enumerate(lines, 1)
    )


def check_total(amounts: Sequence[Money]) -> None:
    """Refuse what no order can come to. Raises `Refused`."""
    currencies = sorted({amount.currency for amount in amounts})
    if len(currencies) > 1:
        told = " and ".join(currencies)
        raise invalid([Fault("lines", f"are in {told}; an order has one currency")])
    total = sum(amount.amount for amount in amounts)
    if total < 0:
        raise invalid([Fault("charges", "take more off than the lines come to")])
    if total > MOST_MONEY:
        raise invalid([Fault("lines", "come to more than can be charged")])


def _unknown(number: int, sku: str) -> Fault:
    return Fault(f"lines[{number}].sku", f"{sku} is not sold")


def _changed(lines: Sequence[Line], prices: Mapping[str, Money]) -> Iterator[Fault]:
    for number, line in enumerate(lines):
        current = prices[upper(line.sku)]
        if line.unit_price and line.unit_price.money != current:
            yield Fault(f"lines[{number}].unit_price", f"is {current} now")


def _price_changed(faults: Sequence[Fault]) -> Refused:
    detail = "Some prices are not the current ones. Show the new ones, then order at those."
    return refused(409, detail, "PriceChanged", faults)
