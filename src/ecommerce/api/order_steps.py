"""What people do to an order over HTTP: cancel it, ship it, deliver it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta

from ecommerce.aggregates.orders import (
    DeliverOrder,
    NoSuchOrder,
    ShipOrder,
    WithdrawOrder,
)
from ecommerce.api.caller import needs
from ecommerce.api.order_view import CONTEXT
from ecommerce.api.problems import documented
from ecommerce.api.reading import OrderIdInPath
from ecommerce.api.units import WRITTEN, Origin, written
from ecommerce.kernel import Value
from ecommerce.store.unit import Submit

CANCEL_ALL: Final = "orders:cancel"

Words = Annotated[str, Meta(min_length=1, max_length=200)]


class Cancellation(Value, frozen=True, forbid_unknown_fields=True):
    """Why an order is not wanted any more, in words that its customer may read."""

    reason: Words | None = None


class Shipment(Value, frozen=True, forbid_unknown_fields=True):
    """Who carries the whole order away, and the number of the parcel there."""

    carrier: Words | None = None
    tracking: Words | None = None


class Stepped(Value, frozen=True):
    """What the order is now. What others do about it, its timeline tells."""

    order_id: str
    status: Literal["cancelled", "shipped", "delivered"]
    status_url: str
    timeline_url: str


@post(
    "/orders/{order_id:str}/cancel",
    status_code=200,
    **needs(CANCEL_ALL, owner="placer"),
    responses=documented(400, 404, "OrderAlreadyShipped", 415, 422, 503),
    response_headers=WRITTEN,
)
async def cancel_order(
    order_id: OrderIdInPath,
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
    data: JSONBody[Cancellation | None] = None,
) -> Response[Stepped]:
    """Cancel an order, as long as it is not shipped.

    Its placer may, and whoever has the scope `orders:cancel`. Its stock goes back, and so does what
    was paid for it. An order that is cancelled already stays so.
    """
    owner = None if origin.caller.may(CANCEL_ALL) else origin.caller.name
    by_default = f"cancelled by the {'customer' if owner else 'shop'}"
    reason = (data and data.reason) or by_default
    return await _step(WithdrawOrder(order_id, reason, owner), "cancelled", origin, submit, 200)


@post(
    "/orders/{order_id:str}/shipments",
    **needs("orders:ship"),
    responses=documented(
        400,
        404,
        "OrderNotConfirmed",
        "OrderAlreadyShipped",
        "OrderIsCancelled",
        415,
        422,
        503,
    ),
    response_headers=WRITTEN,
)
async def ship_order(
    order_id: OrderIdInPath,
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
    data: JSONBody[Shipment | None] = None,
) -> Response[Stepped]:
    """Note that a confirmed order has left the house, whole.

    Inventory counts its units out, and the customer gets a mail. It cannot be cancelled any more.
    """
    parcel = data or Shipment()
    command = ShipOrder(order_id, parcel.carrier, parcel.tracking)
    return await _step(command, "shipped", origin, submit, 201)


@post(
    "/orders/{order_id:str}/deliveries",
    **needs("orders:ship"),
    responses=documented(
        400, 404, "OrderNotShipped", "OrderAlreadyDelivered", "OrderIsCancelled", 422, 503
    ),
    response_headers=WRITTEN,
)
async def deliver_order(
    order_id: OrderIdInPath,
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
) -> Response[Stepped]:
    """Note that the customer has a shipped order in hand."""
    return await _step(DeliverOrder(order_id), "delivered", origin, submit, 201)


async def _step(
    command: WithdrawOrder | ShipOrder | DeliverOrder,
    status: Literal["cancelled", "shipped", "delivered"],
    origin: Origin,
    submit: Submit,
    code: int,
) -> Response[Stepped]:
    try:
        answer = await submit(origin.unit(command, correlation=command.order_id))
    except NoSuchOrder:
        raise NotFoundException(f"There is no order {command.order_id}.") from None
    url = f"/orders/{command.order_id}"
    stepped = Stepped(command.order_id, status, url, f"{url}/timeline")
    return written(answer, stepped, CONTEXT, status=code)
