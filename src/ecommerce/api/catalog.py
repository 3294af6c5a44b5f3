"""Products over HTTP: added, repriced, listed with what of them can be ordered."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, JSONBody, SkipValidation
from msgspec import Meta

from ecommerce.aggregates.catalog import AddProduct, ChangePrice, NoSuchProduct
from ecommerce.api.caller import caller, needs
from ecommerce.api.price import Price
from ecommerce.api.problems import documented
from ecommerce.api.reading import AnySku, Limit, Page, Read, SkuInPath, Token, page, upper
from ecommerce.api.units import WRITTEN, Origin, origin, written
from ecommerce.kernel import Money, Value
from ecommerce.projections import products
from ecommerce.store.unit import Submit

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


class Product(Value, frozen=True):
    """A product, and how many units of it can be ordered at once."""

    sku: str
    name: str
    price: Money
    available: int


@post(
    "/catalog/products",
    **needs("catalog:write"),
    responses=documented(400, 409, 422, 503),
    response_headers=WRITTEN,
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
    return written(answer, product, CONTEXT, status=201, location=location)


@put(
    "/catalog/products/{sku:str}/price",
    **needs("catalog:write"),
    responses=documented(400, 404, 422, 503),
    response_headers=WRITTEN,
)
async def change_price(
    sku: SkuInPath,
    data: JSONBody[NewPrice],
    origin: NamedDependency[Origin],
    submit: NamedDependency[SkipValidation[Submit]],
) -> Response[CurrentPrice]:
    """Change a product's price, for orders to come."""
    sku, price = upper(sku), data.price.money
    try:
        answer = await submit(origin.unit(ChangePrice(sku, price)))
    except NoSuchProduct:
        raise NotFoundException(f"There is no product {sku}.") from None
    return written(answer, CurrentPrice(sku, price), CONTEXT)


@get("/catalog/products", **needs(None), responses=documented(400, 503))
async def list_products(
    read: NamedDependency[SkipValidation[Read]],
    after: FromQuery[str | None] = None,
    limit: Limit = 50,
    token: Token = None,
) -> Page[Product]:
    """List the products, by SKU."""
    async with read(products.NAME, token) as db:
        rows = await products.list_products(db, after and upper(after), limit + 1)
    return page("/catalog/products", [_product(row) for row in rows], limit, lambda it: it.sku)


@get("/catalog/products/{sku:str}", **needs(None), responses=documented(400, 404, 503))
async def show_product(
    sku: SkuInPath,
    read: NamedDependency[SkipValidation[Read]],
    token: Token = None,
) -> Product:
    """Show a product."""
    async with read(products.NAME, token) as db:
        row = await products.find(db, upper(sku))
    if row is None:
        raise NotFoundException(f"There is no product {upper(sku)}.")
    return _product(row)


def _product(row: products.Product) -> Product:
    return Product(row.sku, row.name or "", row.price, row.available)


def router(submit: Submit, read: Read) -> Router:
    """Make catalog's routes."""
    return Router(
        "/",
        route_handlers=[add_product, change_price, list_products, show_product],
        tags=[CONTEXT],
        dependencies={
            "caller": caller,
            "origin": origin,
            "submit": Provide(lambda: submit, sync_to_thread=False),
            "read": Provide(lambda: read, sync_to_thread=False),
        },
    )
