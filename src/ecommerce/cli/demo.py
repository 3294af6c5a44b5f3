"""Three orders of a new shop, told event by event: one confirmed, one declined, one too large."""

from __future__ import annotations

from typing import Any, Final

from rich.markup import escape

from ecommerce.cli.shop import Shop, connect
from ecommerce.cli.telling import Say, follow
from ecommerce.kernel import Value
from ecommerce.sandbox.catalogue import CATALOGUE, Article

CALLER: Final = "demo; catalog:write inventory:write orders:read orders:write"


class Visit(Value, frozen=True):
    """A customer who orders something, and what is worth watching about it."""

    watch: str
    name: str
    city: str
    payment_method: str
    basket: tuple[tuple[str, int], ...]


VISITS: Final = (
    Visit(
        watch="a good card and goods on the shelf: the order is confirmed",
        name="Nora Winter",
        city="Leeds",
        payment_method="pm_card_visa",
        basket=(("TEA-ASSAM-125", 2), ("POT-STONE-900", 1)),
    ),
    Visit(
        watch="the bank declines the card: the stock goes back, the order is cancelled",
        name="Tomas Reyes",
        city="Bristol",
        payment_method="pm_card_visa_chargeDeclined",
        basket=(("KET-GOOSE-900", 1), ("COF-HOUSE-1000", 1)),
    ),
    Visit(
        watch="five wanted, three on the shelf: nothing is charged, the order is cancelled",
        name="Ingrid Solberg",
        city="Edinburgh",
        payment_method="pm_card_visa",
        basket=(("COF-KIAMBU-250", 5), ("BREW-FILTERS-100", 1)),
    ),
)


async def is_empty(gateway: str) -> bool:
    """Tell whether the shop has no orders yet, and no products but the demonstration's own."""
    async with connect(gateway, CALLER) as shop:
        orders = await shop.get("orders", [("limit", "1")])
        products = await shop.get("catalog/products", [("limit", "100")])
    ours = {article.sku for article in CATALOGUE}
    return not orders["items"] and {product["sku"] for product in products["items"]} <= ours


async def run(gateway: str, say: Say) -> None:
    """Fill the shop and let three customers order, one after another.

    Says each event in a line of rich markup as it happens. Raises `Problem` and `Unreachable`.
    """
    async with connect(gateway, CALLER) as shop:
        for article in CATALOGUE:
            await _put_on_sale(shop, article)
        say(f"{len(CATALOGUE)} products are on the shelf.")
        for number, visit in enumerate(VISITS, 1):
            await _visit(shop, number, visit, say)


async def _put_on_sale(shop: Shop, article: Article) -> None:
    key = f"demo/{article.sku}"
    price = {"amount": article.price, "currency": "GBP"}
    product = {"sku": article.sku, "name": article.name, "price": price}
    await shop.post("catalog/products", product, key=key)
    delivery = {"quantity": article.stock, "reference": "first delivery"}
    await shop.post(f"inventory/stock/{article.sku}/receipts", delivery, key=key)


def order_of(visit: Visit) -> dict[str, Any]:
    """Write what a customer orders as the shop takes it."""
    email = f"{visit.name.lower().replace(' ', '.')}@example.com"
    return {
        "customer": {"name": visit.name, "email": email},
        "shipping_address": {"name": visit.name, "city": visit.city, "country": "United Kingdom"},
        "payment_method": visit.payment_method,
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in visit.basket],
    }


async def _visit(shop: Shop, number: int, visit: Visit, say: Say) -> None:
    basket = " and ".join(f"{quantity} x {_name(sku)}" for sku, quantity in visit.basket)
    say(f"\n[bold]{visit.name}[/bold] orders {escape(basket)}")
    say(f"[dim]{visit.watch}[/dim]")
    placed = await shop.post("orders", order_of(visit), key=f"demo-{number}", after="catalog")
    await follow(shop, placed.body["order_id"], say)


def _name(sku: str) -> str:
    return next(article.name for article in CATALOGUE if article.sku == sku)
