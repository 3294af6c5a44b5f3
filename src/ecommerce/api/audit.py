"""What happened to an order, in every service, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import SkipValidation

from ecommerce.api.caller import needs
from ecommerce.api.problems import documented
from ecommerce.api.reading import OrderIdInPath, Read, Token
from ecommerce.kernel import Value
from ecommerce.projections import order_timeline
from ecommerce.projections.order_timeline import Step, Waiting

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


def router(read: Read) -> Router:
    """Make audit's routes."""
    return Router(
        "/",
        route_handlers=[show_timeline],
        tags=[CONTEXT],
        dependencies={"read": Provide(lambda: read, sync_to_thread=False)},
    )
