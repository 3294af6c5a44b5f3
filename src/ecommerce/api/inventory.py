"""Stock over HTTP: received, adjusted, and shown with what moved it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import quote

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta

from ecommerce.aggregates.inventory import AdjustStock, ReceiveStock
from ecommerce.api.caller import caller, needs
from ecommerce.api.given import given
from ecommerce.api.problems import Fault, documented, invalid
from ecommerce.api.reading import (
    PAGED,
    AfterPosition,
    Limit,
    Page,
    Read,
    SkuInPath,
    Token,
    page,
    upper,
)
from ecommerce.api.units import WRITTEN, Origin, origin, written
from ecommerce.kernel import Quantity, Value
from ecommerce.projections import movements, stock
from ecommerce.projections.movements import Movement
from ecommerce.store.unit import Submit

CONTEXT: Final = "inventory"
SHOWN: Final = 50
"""Movements shown beside the count."""


class Receipt(Value, frozen=True, forbid_unknown_fields=True):
    """Units that came in."""

    quantity: Quantity
    reference: Annotated[str, Meta(max_length=128)] | None = None


class Adjustment(Value, frozen=True, forbid_unknown_fields=True):
    """A count put right: `quantity` more, or less where negative."""

    quantity: Annotated[int, Meta(ge=-100_000, le=100_000)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Moved(Value, frozen=True):
    """What was recorded of a SKU's stock."""

    sku: str
    quantity: int


class StockPage(Value, frozen=True):
    """The count of a SKU, and its latest movements, newest first."""

    sku: str
    on_hand: int
    reserved: int
    available: int
    movements: Sequence[Movement]


@post(
    "/inventory/stock/{sku:str}/receipts",
    **needs("inventory:write"),
    responses=documented(400, 415, 422, 503),
    response_headers=WRITTEN,
)
async def receive(
    sku: SkuInPath,
    data: JSONBody[Receipt],
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
) -> Response[Moved]:
    """Receive units."""
    sku = upper(sku)
    answer = await submit(origin.unit(ReceiveStock(sku, data.quantity, data.reference)))
    return written(answer, Moved(sku, data.quantity), CONTEXT, status=201)


@post(
    "/inventory/stock/{sku:str}/adjustments",
    **needs("inventory:write"),
    responses=documented(400, "NotEnoughStock", 415, 422, 503),
    response_headers=WRITTEN,
)
async def adjust(
    sku: SkuInPath,
    data: JSONBody[Adjustment],
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
) -> Response[Moved]:
    """Put a count right.

    It cannot fall below what is held for orders.
    """
    if data.quantity == 0:
        raise invalid([Fault("quantity", "is not 0: that would adjust nothing")])
    sku = upper(sku)
    answer = await submit(origin.unit(AdjustStock(sku, data.quantity, data.reason)))
    return written(answer, Moved(sku, data.quantity), CONTEXT, status=201)


@get("/inventory/stock/{sku:str}", **needs("inventory:read"), responses=documented(400, 404, 503))
async def show_stock(
    sku: SkuInPath,
    read: NamedDependency[SkipValidation[Read]],
    token: Token = None,
) -> StockPage:
    """Show the count of a SKU, with its latest movements."""
    sku = upper(sku)
    async with read(stock.NAME, token) as db:
        row = await stock.find(db, sku)
    if row is None:
        raise NotFoundException(f"No stock of {sku} was ever counted.")
    async with read(movements.NAME, token) as db:
        latest = await movements.list_movements(db, sku, None, SHOWN)
    return StockPage(sku, row.on_hand, row.reserved, row.available, latest)


@get(
    "/inventory/stock/{sku:str}/movements",
    **needs("inventory:read"),
    responses=documented(400, 404, 503),
    response_headers=PAGED,
)
async def show_movements(
    sku: SkuInPath,
    read: NamedDependency[SkipValidation[Read]],
    after: AfterPosition = None,
    limit: Limit = 50,
    token: Token = None,
) -> Response[Page[Movement]]:
    """List what moved the stock of a SKU, newest first."""
    sku = upper(sku)
    async with read(movements.NAME, token) as db:
        rows = await movements.list_movements(db, sku, after, limit + 1)
    if not rows and after is None:
        raise NotFoundException(f"No stock of {sku} was ever counted.")
    path = f"/inventory/stock/{quote(sku)}/movements"
    return page(path, rows, limit, lambda movement: str(movement.position))


def router(submit: Submit, read: Read) -> Router:
    """Make inventory's routes."""
    return Router(
        "/",
        route_handlers=[receive, adjust, show_stock, show_movements],
        tags=[CONTEXT],
        dependencies={"caller": caller, "origin": origin, **given(submit=submit, read=read)},
    )
