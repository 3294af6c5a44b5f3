"""Mails about orders over HTTP: which were due, and what became of them."""

from __future__ import annotations

from typing import Final

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from ecommerce.api.caller import needs
from ecommerce.api.given import given
from ecommerce.api.problems import documented
from ecommerce.api.reading import (
    PAGED,
    AfterPosition,
    Limit,
    OrderIdInQuery,
    Page,
    Read,
    Token,
    page,
)
from ecommerce.projections import notification_page
from ecommerce.projections.notification_page import NotificationPage

CONTEXT: Final = "notifications"


@get(
    "/notifications",
    **needs("notifications:read", owner="placer"),
    responses=documented(400, 503),
    response_headers=PAGED,
)
async def list_notifications(
    order_id: OrderIdInQuery,
    read: NamedDependency[SkipValidation[Read]],
    after: AfterPosition = None,
    limit: Limit = 50,
    token: Token = None,
) -> Response[Page[NotificationPage]]:
    """List the mails about an order, oldest first.

    The text and the address of a mail are not shown.
    """
    async with read(notification_page.NAME, token) as db:
        rows = await notification_page.list_notifications(db, order_id, after, limit + 1)
    path = f"/notifications?order_id={order_id}"
    return page(path, rows, limit, lambda mail: str(mail.position))


def router(read: Read) -> Router:
    """Make notifications' routes."""
    return Router(
        "/",
        route_handlers=[list_notifications],
        tags=[CONTEXT],
        dependencies=given(read=read),
    )
