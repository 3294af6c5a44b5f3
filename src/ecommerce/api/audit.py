"""What happened to orders in every service, and what they wait for, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter, SkipValidation

from ecommerce.api.caller import needs
from ecommerce.api.given import given
from ecommerce.api.order_stream import follow_order, steps
from ecommerce.api.problems import documented
from ecommerce.api.reading import PAGED, Limit, OrderIdInPath, Page, Read, Token, page
from ecommerce.kernel import Value
from ecommerce.projections import order_timeline, sagas
from ecommerce.projections.order_timeline import Step
from ecommerce.projections.waiting import Waiting

CONTEXT: Final = "audit"


class Timeline(Value, frozen=True):
    """Every event of an order, each after its cause, and what the order waits for."""

    order_id: str
    events: Sequence[Step]
    waiting: Sequence[Waiting]


@get(
    "/orders/{order_id:str}/timeline",
    **needs("orders:read", owner="placer"),
    responses=documented(400, 404, 503),
)
async def show_timeline(
    order_id: OrderIdInPath,
    read: NamedDependency[SkipValidation[Read]],
    token: Token = None,
) -> Timeline:
    """Show what happened to an order, in every service."""
    async with read(order_timeline.NAME, token) as db:
        steps = await order_timeline.timeline(db, order_id)
    if not steps:
        raise NotFoundException(f"Nothing is known of an order {order_id}.")
    return Timeline(order_id, steps, order_timeline.waiting(steps))


class Saga(Value, frozen=True):
    """How far an order is on its way through the services. It waits for nothing once settled."""

    order_id: str
    state: Literal["waiting", "settled"]
    began_at: datetime
    updated_at: datetime
    waits_since: datetime | None
    waiting: Sequence[Waiting]


@get(
    "/sagas",
    **needs("orders:read"),
    responses=documented(400, 503),
    response_headers=PAGED,
)
async def list_sagas(
    read: NamedDependency[SkipValidation[Read]],
    state_: Annotated[
        Literal["waiting", "settled"] | None,
        QueryParameter(name="state", description="Only those that are so."),
    ] = None,
    after: Annotated[
        str | None, QueryParameter(description="The last order seen.", max_length=64)
    ] = None,
    limit: Limit = 50,
    token: Token = None,
) -> Response[Page[Saga]]:
    """List the ways of orders, newest first, each with what it waits for and since when."""
    async with read(sagas.NAME, token) as db:
        rows = await sagas.list_sagas(db, state=state_, after=after, limit=limit + 1)
    path = f"/sagas?state={state_}" if state_ else "/sagas"
    return page(path, [_saga(row) for row in rows], limit, lambda saga: saga.order_id)


def _saga(row: sagas.Saga) -> Saga:
    state: Literal["waiting", "settled"] = "waiting" if row.waits_since else "settled"
    return Saga(row.order_id, state, row.began_at, row.updated_at, row.waits_since, row.waiting)


def router(read: Read) -> Router:
    """Make audit's routes."""
    looks = steps(read)
    return Router(
        "/",
        route_handlers=[show_timeline, follow_order, list_sagas],
        tags=[CONTEXT],
        dependencies=given(read=read, looks=looks),
    )
