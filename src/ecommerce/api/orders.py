"""Orders over HTTP: shown to who placed them, and all that else can be asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter, SkipValidation

from ecommerce.api.caller import Caller, caller, needs
from ecommerce.api.given import given
from ecommerce.api.order_placing import place_order
from ecommerce.api.order_steps import cancel_order, deliver_order, ship_order
from ecommerce.api.order_view import CONTEXT, OrderView, view
from ecommerce.api.outcomes import outcomes, patience
from ecommerce.api.problems import documented
from ecommerce.api.reading import PAGED, Limit, OrderIdInPath, Page, Read, Token, page
from ecommerce.api.reports import show_sales
from ecommerce.api.units import origin_of_order
from ecommerce.projections import order_page
from ecommerce.store.unit import Submit

READ_ALL: Final = "orders:read"


@get(
    "/orders/{order_id:str}",
    **needs(READ_ALL, owner="placer"),
    responses=documented(400, 404, 503),
)
async def show_order(
    order_id: OrderIdInPath,
    read: NamedDependency[SkipValidation[Read]],
    token: Token = None,
) -> OrderView:
    """Show an order."""
    async with read(order_page.NAME, token) as db:
        row = await order_page.find(db, order_id)
    if row is None:
        raise NotFoundException(f"There is no order {order_id}.")
    return view(row)


@get(
    "/orders",
    **needs(READ_ALL, owner="placer"),
    responses=documented(400, 503),
    response_headers=PAGED,
)
async def list_orders(
    caller: NamedDependency[Caller],
    read: NamedDependency[SkipValidation[Read]],
    reference: Annotated[
        list[str] | None,
        QueryParameter(max_items=100, description="Only orders with one of these; repeat it."),
    ] = None,
    after: Annotated[str | None, QueryParameter(description="The last order seen.")] = None,
    limit: Limit = 50,
    token: Token = None,
) -> Response[Page[OrderView]]:
    """List orders, newest first: one's own, or with the scope `orders:read` everybody's."""
    owner = None if caller.may(READ_ALL) else caller.name
    references: Sequence[str] = reference or ()
    async with read(order_page.NAME, token) as db:
        rows = await order_page.list_orders(
            db, owner=owner, references=references, after=after, limit=limit + 1
        )
    query = urlencode([("reference", one) for one in references])
    path = f"/orders?{query}" if query else "/orders"
    return page(path, [view(row) for row in rows], limit, lambda order: order.order_id)


def router(submit: Submit, read: Read) -> Router:
    """Make orders' routes."""
    looks = outcomes(read)
    return Router(
        "/",
        route_handlers=[
            place_order,
            show_order,
            list_orders,
            cancel_order,
            ship_order,
            deliver_order,
            show_sales,
        ],
        tags=[CONTEXT],
        dependencies={
            "caller": caller,
            "origin": origin_of_order,
            **given(submit=submit, read=read, outcomes=looks),
            "patience": patience,
        },
    )
