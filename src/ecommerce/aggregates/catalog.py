"""A product is added once and repriced often."""

from __future__ import annotations

from typing import TypeAlias

from msgspec.structs import replace

from ecommerce.events.catalog import ProductAdded, ProductEvent, ProductRepriced
from ecommerce.kernel import Command, Decision, Fold, Money, Rejected, Sku, Streams, Value


class AddProduct(Command, frozen=True):
    """Let a product be bought."""

    sku: Sku
    name: str
    price: Money


class ChangePrice(Command, frozen=True):
    """Give a product another price."""

    sku: Sku
    price: Money


CatalogCommand: TypeAlias = AddProduct | ChangePrice


class ProductAlreadyExists(Rejected):
    """There is a product with this SKU already."""


class NoSuchProduct(Rejected):
    """There is no product with this SKU."""


class PriceIsNegative(Rejected):
    """A price cannot be less than nothing."""


class Product(Value, frozen=True):
    """What a decision needs to know of a product; no price: it does not exist yet."""

    price: Money | None = None


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
        case ChangePrice() if not product.price:
            raise NoSuchProduct
        case ChangePrice(_, price) if price == product.price:
            return {}
        case ChangePrice(sku, price):
            return {name: [ProductRepriced(sku, price)]}


def evolve(product: Product, event: ProductEvent) -> Product:
    """Say what an event makes of a product."""
    match event:
        case ProductAdded() | ProductRepriced():
            return replace(product, price=event.price)


folds: dict[str, Fold] = {"product": Fold(Product(), evolve, ProductEvent)}
