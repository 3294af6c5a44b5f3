"""A product is added, repriced, and delisted; and perhaps added again."""

from __future__ import annotations

from typing import TypeAlias

from ecommerce.events.catalog import ProductAdded, ProductDelisted, ProductEvent, ProductRepriced
from ecommerce.kernel import Command, Decision, Fold, Money, Rejected, Sku, Streams, Value


class AddProduct(Command, frozen=True):
    """Let a product be bought."""

    sku: Sku
    name: str
    price: Money


class ChangePrice(Command, frozen=True):
    """Give a product another price; with a revision, only where nobody has changed it since."""

    sku: Sku
    price: Money
    revision: int | None = None


class DelistProduct(Command, frozen=True):
    """Let a product be bought no more; with a revision, only where nobody has changed it since."""

    sku: Sku
    revision: int | None = None


CatalogCommand: TypeAlias = AddProduct | ChangePrice | DelistProduct


class ProductAlreadyExists(Rejected):
    """There is a product with this SKU already."""


class NoSuchProduct(Rejected):
    """There is no product with this SKU."""


class ProductHasChanged(Rejected):
    """Somebody has changed this product since it was read."""


class PriceIsNegative(Rejected):
    """A price cannot be less than nothing."""


class Product(Value, frozen=True):
    """What a decision needs to know of a product; no price: it cannot be bought."""

    price: Money | None = None
    revision: int = 0
    """How many events it has: what the last one's id ends with."""


def stream(sku: Sku) -> str:
    """Name the stream of a product."""
    return f"product-{sku}"


def streams(command: CatalogCommand) -> list[str]:
    """Name the streams that a command reads."""
    return [stream(command.sku)]


def decide(command: CatalogCommand, states: Streams) -> Decision:
    """Say what follows from a command."""
    (name,) = streams(command)
    product: Product = states[name]
    match command:
        case AddProduct(price=price) | ChangePrice(price=price) if price.amount < 0:
            raise PriceIsNegative
        case AddProduct() if product.price:
            raise ProductAlreadyExists
        case AddProduct(sku, title, price):
            return {name: [ProductAdded(sku, title, price)]}
        case ChangePrice() | DelistProduct() if not product.price:
            raise NoSuchProduct
        case ChangePrice() | DelistProduct() if command.revision not in {None, product.revision}:
            raise ProductHasChanged
        case ChangePrice(_, price) if price == product.price:
            return {}
        case ChangePrice(sku, price):
            return {name: [ProductRepriced(sku, price)]}
        case DelistProduct(sku):
            return {name: [ProductDelisted(sku)]}


def evolve(product: Product, event: ProductEvent) -> Product:
    """Say what an event makes of a product."""
    revision = product.revision + 1
    match event:
        case ProductAdded(price=price) | ProductRepriced(price=price):
            return Product(price, revision)
        case ProductDelisted():
            return Product(None, revision)


folds: dict[str, Fold] = {"product": Fold(Product(), evolve, ProductEvent)}
