"""What a round of the torture puts on sale, and who wants what of it, drawn by a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any, Final

from ecommerce.kernel import Value

SKUS: Final = 10
SCARCE: Final = 4
"""How many of a round's SKUs have less than is wanted."""
MOST_SKUS: Final = 5
MOST_UNITS: Final = 3
"""Units on one line of a basket."""


class Article(Value, frozen=True):
    """What is sold: its price in pence, and how many units there are."""

    sku: str
    price: int
    stock: int


class Basket(Value, frozen=True):
    """What one customer orders: SKU -> units. The e-mail address tells whose it is."""

    email: str
    units: Mapping[str, int]


class Round(Value, frozen=True):
    """Articles, and baskets that are all ordered at once; `owner` is who orders them all."""

    name: str
    owner: str
    articles: tuple[Article, ...]
    baskets: tuple[Basket, ...]

    def total(self, basket: Basket) -> int:
        """Say what a basket costs, in pence."""
        prices = {article.sku: article.price for article in self.articles}
        return sum(prices[sku] * units for sku, units in basket.units.items())

    def wanted(self) -> Counter[str]:
        """Count the units of each SKU that are wanted by all baskets together."""
        units: Counter[str] = Counter()
        for basket in self.baskets:
            units.update(basket.units)
        return units


def one_sku(run: str, orders: int, stock: int) -> Round:
    """Let everybody want one unit of the same SKU. `run` makes the SKUs this run's own."""
    article = Article(f"OVERSELL-{run}", 1999, stock)
    wanted = tuple(Basket(_email(number), {article.sku: 1}) for number in range(orders))
    return Round("one SKU", f"oversell-{run}-one-sku", (article,), wanted)


def baskets(run: str, orders: int, stock: int, seed: int) -> Round:
    """Let everybody want one to five SKUs, some of which have `stock` units at most."""
    draw = Random(seed)  # noqa: S311 -- a seed makes it reproducible; it keeps no secret
    plenty = orders * MOST_UNITS
    articles = tuple(
        Article(
            f"OVERSELL-{run}-{number:02}",
            draw.randrange(100, 5000),
            draw.randint(1, stock) if number < SCARCE else plenty,
        )
        for number in range(SKUS)
    )
    wanted = tuple(_basket(draw, articles, number) for number in range(orders))
    return Round("baskets", f"oversell-{run}-baskets", articles, wanted)


def _basket(draw: Random, articles: tuple[Article, ...], number: int) -> Basket:
    chosen = draw.sample(articles, draw.randint(1, MOST_SKUS))
    return Basket(_email(number), {article.sku: draw.randint(1, MOST_UNITS) for article in chosen})


def _email(number: int) -> str:
    return f"customer-{number}@example.com"


def order(basket: Basket) -> dict[str, Any]:
    """Write a basket as the shop takes an order."""
    return {
        "customer": {"email": basket.email},
        "shipping_address": {"country": "GB"},
        "payment_method": "pm_card_visa",
        "lines": [{"sku": sku, "quantity": units} for sku, units in basket.units.items()],
    }
