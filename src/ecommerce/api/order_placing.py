"""Orders are placed over HTTP at the current prices, and once however often that is sent."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, SkipValidation
from msgspec.structs import replace

from ecommerce.aggregates.orders import OrderIsEmpty, PlaceOrder
from ecommerce.api.caller import Caller, needs
from ecommerce.api.ids import uuid7
from ecommerce.api.new_order import NewOrder, check_fields, check_total, price_lines
from ecommerce.api.order_view import CONTEXT, Status
from ecommerce.api.outcomes import WAITED, Patience
from ecommerce.api.problems import Refused, documented
from ecommerce.api.reading import Read, Token, upper
from ecommerce.api.units import LOCATED, WRITTEN, Origin, written
from ecommerce.events.orders import Address, Charge, Customer
from ecommerce.kernel import Money, Value
from ecommerce.projections import price_list
from ecommerce.projections.order_page import OrderPage
from ecommerce.store.unit import Answer, Submit


class Placed(Value, frozen=True):
    """An order that was taken, and what it is by now.

    `code` and `reason` say why it was cancelled; `authentication_url` is where the customer is to
    confirm the payment, if the bank asks for that.
    """

    order_id: str
    status: Status
    status_url: str
    timeline_url: str
    code: str | None = None
    reason: str | None = None
    authentication_url: str | None = None


DECIDED: Final = ResponseSpec(
    Placed, generate_examples=False, description="Request fulfilled, and the order is decided."
)


@post(
    "/orders",
    status_code=202,
    **needs("orders:write"),
    responses={
        201: DECIDED,
        **documented(400, "ScopeMissing", "PriceChanged", 415, 422, "UnknownSku", 503),
    },
    response_headers=[*WRITTEN, LOCATED, *WAITED],
)
async def place_order(
    data: JSONBody[NewOrder],
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
    read: NamedDependency[SkipValidation[Read]],
    patience: NamedDependency[SkipValidation[Patience]],
    token: Token = None,
) -> Response[Placed]:
    """Place an order.

    It costs what the products cost now; a `unit_price` that is another one is refused, unless the
    caller has the scope `orders:price`. The answer comes before the stock is reserved and the
    payment is charged: the order itself tells how that went. With `Prefer: wait=5` the answer waits
    for that, up to five seconds: 201 has the outcome, 202 does not have it yet.
    """
    check_fields(data, origin.caller)
    try:
        command = await _priced(data, origin.caller, read, token)
    except Refused:
        answer = await _earlier(data, origin, submit)
        if answer is None:
            raise
    else:
        answer = await submit(origin.unit(command, correlation=command.order_id))
    order_id = answer.events[0].removeprefix("order-").partition("@")[0]
    return _placed(answer, order_id, await patience.outcome(order_id), patience)


async def _priced(order: NewOrder, caller: Caller, read: Read, token: str | None) -> PlaceOrder:
    skus = sorted({upper(line.sku) for line in order.lines})
    async with read(price_list.NAME, token) as db:
        found = await price_list.prices(db, skus)
    prices = {sku: price.price for sku, price in found.items()}
    command = _command(order, prices, caller)
    check_total(
        [
            *(line.unit_price * line.quantity for line in command.lines),
            *(charge.amount for charge in command.charges),
        ]
    )
    return command


def _command(order: NewOrder, prices: dict[str, Money], caller: Caller) -> PlaceOrder:
    to, buyer = order.shipping_address, order.customer
    return PlaceOrder(
        order_id=str(uuid7()),
        owner=caller.name,
        customer=Customer(buyer.name, buyer.email),
        shipping_address=Address(to.country, to.name, to.street, to.city, to.postcode),
        payment_method=order.payment_method,
        lines=price_lines(order.lines, prices, caller),
        charges=tuple(Charge(charge.code, charge.amount) for charge in order.charges),
        placed_at=(order.placed_at or datetime.now(UTC)).astimezone(UTC),
        reference=order.reference,
    )


async def _earlier(order: NewOrder, origin: Origin, submit: Submit) -> Answer | None:
    """Find what this request was answered when it was sent before, under the same key.

    Prices may have changed between a request and its repetition, and the repetition is answered as
    the request was. The loop looks keys up before it decides: an order of nothing is refused there
    unless its key is known.
    """
    empty = PlaceOrder(
        order_id=str(uuid7()),
        owner=origin.cause.actor,
        customer=Customer(),
        shipping_address=Address(order.shipping_address.country),
        payment_method=order.payment_method,
        lines=(),
        charges=(),
        placed_at=datetime.now(UTC),
    )
    with suppress(OrderIsEmpty):
        return await submit(origin.unit(empty))
    return None


def _placed(
    answer: Answer, order_id: str, decided: OrderPage | None, patience: Patience
) -> Response[Placed]:
    url = f"/orders/{order_id}"
    placed = Placed(order_id, "open", url, f"{url}/timeline")
    if decided:
        shared = {name: getattr(decided, name) for name in _DECIDED}
        placed = replace(placed, **shared)
    response = written(answer, placed, CONTEXT, status=201 if decided else 202, location=url)
    if patience.seconds:
        response.headers["Preference-Applied"] = f"wait={patience.seconds}"
    return response


_DECIDED: Final = ("status", "code", "reason", "authentication_url")
