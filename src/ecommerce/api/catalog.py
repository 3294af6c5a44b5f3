"""Products over HTTP: added, repriced, listed with what of them can be ordered."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, QueryParameter, SkipValidation
from msgspec import Meta

from ecommerce.aggregates.catalog import (
    AddProduct,
    ChangePrice,
    DelistProduct,
    NoSuchProduct,
    ProductHasChanged,
)
from ecommerce.api.caller import caller, needs
from ecommerce.api.price import Price
from ecommerce.api.problems import documented, refused
from ecommerce.api.reading import PAGED, AnySku, Limit, Page, Read, SkuInPath, Token, page, upper
from ecommerce.api.revisions import TAGGED, IfMatch, etag, revision_of, tagged
from ecommerce.api.units import LOCATED, WRITTEN, Origin, origin, written
from ecommerce.kernel import Money, Value
from ecommerce.projections import products
from ecommerce.store.unit import Answer, Submit

CONTEXT: Final = "catalog"


class NewProduct(Value, frozen=True, forbid_unknown_fields=True):
    """A product to be sold from now on."""

    sku: AnySku
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    price: Price


class NewPrice(Value, frozen=True, forbid_unknown_fields=True):
    """What a product costs from now on."""

    price: Price


class AddedProduct(Value, frozen=True):
    """A product as it was added."""

    sku: str
    name: str
    price: Money


class CurrentPrice(Value, frozen=True):
    """What a product costs now."""

    sku: str
    price: Money


class Delisted(Value, frozen=True):
    """A product that is sold no more."""

    sku: str


class Product(Value, frozen=True):
    """A product, and how many units of it can be ordered at once.

    `revision` grows with each change of the product itself, not of its stock; the ETag names it.
    """

    sku: str
    name: str
    price: Money
    available: int
    revision: int


@post(
    "/catalog/products",
    **needs("catalog:write"),
    responses=documented(400, "ProductAlreadyExists", "PriceIsNegative", 415, 422, 503),
    response_headers=[*WRITTEN, LOCATED, TAGGED],
)
async def add_product(
    data: JSONBody[NewProduct],
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
) -> Response[AddedProduct]:
    """Add a product.

    SKUs are kept in upper case. A product is sold as soon as orders has read of it.
    """
    sku, price = upper(data.sku), data.price.money
    answer = await submit(origin.unit(AddProduct(sku, data.name, price)))
    location = f"/catalog/products/{quote(sku)}"
    product = AddedProduct(sku, data.name, price)
    return tagged(written(answer, product, CONTEXT, status=201, location=location), answer)


@put(
    "/catalog/products/{sku:str}/price",
    **needs("catalog:write"),
    responses=documented(400, 404, "PriceIsNegative", "ProductHasChanged", 415, 422, 503),
    response_headers=[*WRITTEN, TAGGED],
)
async def change_price(
    sku: SkuInPath,
    data: JSONBody[NewPrice],
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
    if_match: IfMatch = None,
) -> Response[CurrentPrice]:
    """Change a product's price, for orders to come.

    With `If-Match` only where nobody else has changed the product since it was read.
    """
    sku, price = upper(sku), data.price.money
    command = ChangePrice(sku, price, revision_of(if_match))
    answer = await _change(command, origin, submit)
    return tagged(written(answer, CurrentPrice(sku, price), CONTEXT), answer)


@delete(
    "/catalog/products/{sku:str}",
    status_code=200,
    **needs("catalog:write"),
    responses=documented(400, 404, "ProductHasChanged", 422, 503),
    response_headers=WRITTEN,
)
async def delist_product(
    sku: SkuInPath,
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
    if_match: IfMatch = None,
) -> Response[Delisted]:
    """Sell a product no more.

    Orders that were placed keep it, and its stock is still counted. It may be added again. With
    `If-Match` only where nobody else has changed the product since it was read.
    """
    sku = upper(sku)
    answer = await _change(DelistProduct(sku, revision_of(if_match)), origin, submit)
    return written(answer, Delisted(sku), CONTEXT)


async def _change(command: ChangePrice | DelistProduct, origin: Origin, submit: Submit) -> Answer:
    try:
        return await submit(origin.unit(command))
    except NoSuchProduct:
        raise NotFoundException(f"There is no product {command.sku}.") from None
    except ProductHasChanged as error:
        raise refused(412, f"{error} Read it again.", "ProductHasChanged") from None


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
        dependencies={
            "caller": caller,
            "origin": origin,
            "submit": Provide(lambda: submit, sync_to_thread=False),
            "read": Provide(lambda: read, sync_to_thread=False),
        },
    )
