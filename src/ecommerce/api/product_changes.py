"""Products are added, repriced and delisted over HTTP."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta

from ecommerce.aggregates.catalog import (
    AddProduct,
    ChangePrice,
    DelistProduct,
    NoSuchProduct,
    ProductHasChanged,
)
from ecommerce.api.caller import needs
from ecommerce.api.price import Price
from ecommerce.api.problems import documented, refused
from ecommerce.api.reading import AnySku, SkuInPath, upper
from ecommerce.api.revisions import TAGGED, IfMatch, revision_of, tagged
from ecommerce.api.units import LOCATED, WRITTEN, Origin, written
from ecommerce.kernel import Money, Value
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
