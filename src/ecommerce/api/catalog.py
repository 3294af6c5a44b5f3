"""Products over HTTP: listed with what of them can be ordered, and changed by whoever may."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import QueryParameter, SkipValidation

from ecommerce.api.caller import caller, needs
from ecommerce.api.given import given
from ecommerce.api.problems import documented
from ecommerce.api.product_changes import CONTEXT, add_product, change_price, delist_product
from ecommerce.api.reading import PAGED, Limit, Page, Read, SkuInPath, Token, page, upper
from ecommerce.api.revisions import TAGGED, etag
from ecommerce.api.units import origin
from ecommerce.kernel import Money, Value
from ecommerce.projections import products
from ecommerce.store.unit import Submit


class Product(Value, frozen=True):
    """A product, and how many units of it can be ordered at once.

    `revision` grows with each change of the product itself, not of its stock; the ETag names it.
    """

    sku: str
    name: str
    price: Money
    available: int
    revision: int


@get(
    "/catalog/products",
    **needs(None),
    responses=documented(400, 503),
    response_headers=PAGED,
)
async def list_products(
    read: NamedDependency[SkipValidation[Read]],
    after: Annotated[str | None, QueryParameter(description="The last SKU seen.")] = None,
    limit: Limit = 50,
    token: Token = None,
) -> Response[Page[Product]]:
    """List the products, by SKU."""
    async with read(products.NAME, token) as db:
        rows = await products.list_products(db, after and upper(after), limit + 1)
    return page("/catalog/products", [_product(row) for row in rows], limit, lambda it: it.sku)


@get(
    "/catalog/products/{sku:str}",
    **needs(None),
    responses=documented(400, 404, 503),
    response_headers=[TAGGED],
)
async def show_product(
    sku: SkuInPath,
    read: NamedDependency[SkipValidation[Read]],
    token: Token = None,
) -> Response[Product]:
    """Show a product."""
    async with read(products.NAME, token) as db:
        row = await products.find(db, upper(sku))
    if row is None:
        raise NotFoundException(f"There is no product {upper(sku)}.")
    return Response(_product(row), headers={"ETag": etag(row.revision)})


def _product(row: products.Product) -> Product:
    return Product(row.sku, row.name or "", row.price, row.available, row.revision)


def router(submit: Submit, read: Read) -> Router:
    """Make catalog's routes."""
    return Router(
        "/",
        route_handlers=[
            add_product,
            change_price,
            delist_product,
            list_products,
            show_product,
        ],
        tags=[CONTEXT],
        dependencies={"caller": caller, "origin": origin, **given(submit=submit, read=read)},
    )
