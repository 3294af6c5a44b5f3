"""Three orders of a new shop, told event by event: one confirmed, one declined, one too large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

import msgspec
from rich.markup import escape

from ecommerce.cli.shop import Problem, Shop, connect
from ecommerce.kernel import Money, Value
from ecommerce.sandbox.catalogue import CATALOGUE, Article

CALLER: Final = "demo; catalog:write inventory:write orders:read orders:write"
PATIENCE: Final = 60.0
"""Seconds after which an order that still waits for something is left to itself."""
QUIET: Final = 1.0
"""Seconds without an event after which an order that waits for nothing has ended."""
POLL: Final = 0.05

Say = Callable[[str], None]


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


class Step(Value, frozen=True):
    """An event of an order. `cause` is the id of the event that led to it, or of the request."""

    id: str
    time: datetime
    source: str
    type: str
    cause: str


class Waiting(Value, frozen=True):
    """Something that an order waits for."""

    what: str = msgspec.field(name="for")


class Timeline(Value, frozen=True):
    """All that has happened to an order, and what is still to come."""

    events: tuple[Step, ...] = ()
    waiting: tuple[Waiting, ...] = ()


class Ended(Value, frozen=True):
    """How an order ended."""

    status: str
    total: Money
    reason: str | None = None


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
    await _follow(shop, placed.body["order_id"], say)


def _name(sku: str) -> str:
    return next(article.name for article in CATALOGUE if article.sku == sku)


async def _follow(shop: Shop, order_id: str, say: Say) -> None:
    """Say each event of an order as it comes, until the order waits for nothing any more."""
    said: dict[str, Step] = {}
    began = latest = monotonic()
    while True:
        timeline = await _timeline(shop, order_id)
        for step in timeline.events:
            if step.id not in said and _follows(step, said):
                said[step.id], latest = step, monotonic()
                say(_line(step, said))
        if said and not timeline.waiting and monotonic() - latest > QUIET:
            break
        if monotonic() - began > PATIENCE:
            waits = " and ".join(waiting.what for waiting in timeline.waiting)
            say(f"  [yellow]waits for {escape(waits)}, and goes on without us[/yellow]")
            break
        await asyncio.sleep(POLL)
    say(_outcome(msgspec.convert(await shop.get(f"orders/{order_id}"), Ended)))


async def _timeline(shop: Shop, order_id: str) -> Timeline:
    """Read a timeline. It is empty until audit has heard of the order."""
    try:
        return msgspec.convert(await shop.get(f"orders/{order_id}/timeline"), Timeline)
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return Timeline()


def _follows(step: Step, said: dict[str, Step]) -> bool:
    """Tell whether what caused an event is said; that may come to audit later than the event."""
    return step.cause in said or "@" not in step.cause


def _line(step: Step, said: dict[str, Step]) -> str:
    """Write an event: its service, the time since the order, its name, and what caused it."""
    began = next(iter(said.values())).time
    after = (step.time - began).total_seconds()
    request = "POST /orders" if len(said) == 1 else "the provider's webhook"
    cause = said[step.cause].type if step.cause in said else request
    return (
        f"  [cyan]{step.source:<13}[/cyan] {after:>7.3f} s  [bold]{step.type:<22}[/bold]"
        f"  [dim]after {cause}[/dim]"
    )


def _outcome(order: Ended) -> str:
    if order.status == "confirmed":
        return f"  [green]confirmed, and {order.total} are paid[/green]"
    return f"  [red]{order.status}: {escape(order.reason or 'nobody knows yet why')}[/red]"
