"""Sends a round's orders all at once, waits until each has ended, and looks at what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from time import monotonic
from typing import Final

import msgspec

from ecommerce.cli.importers.progress import Step, Steps
from ecommerce.cli.shop import Shop, connect
from ecommerce.cli.torture import shop_here
from ecommerce.cli.torture.rounds import Article, Round, order
from ecommerce.cli.torture.seen import Order, Seen, Stock
from ecommerce.cli.torture.verdict import judge
from ecommerce.kernel import Value

SCOPES: Final = "catalog:write inventory:read inventory:write orders:write"
AT_ONCE: Final = 250
"""Orders that are under way through each gateway, as long as there are more."""
A_PAGE: Final = 100
POLL: Final = 1.0
STALLED: Final = 60.0
"""Seconds without a single order ending after which waiting any longer helps nobody."""
CATCH_UP: Final = 15.0
"""Seconds that counts of stock may be behind the orders."""


class Outcome(Value, frozen=True):
    """What came of a round. `placing` is the seconds until the last order was taken."""

    round: Round
    seen: Seen
    placing: float
    broken: list[str]


async def carry_out(
    round_: Round, gateways: Sequence[str], ledger: str, half_way: Callable[[], None], steps: Steps
) -> Outcome:
    """Carry a round out, and call `half_way` when half of the orders are taken.

    Its products are sold no more in the end; its orders stay.

    Raises what the shop raises, and `ClickException` where the bank does not answer.
    """
    async with AsyncExitStack() as connections:
        shops = [
            await connections.enter_async_context(
                connect(gateway, f"{round_.owner}; {SCOPES}", connections=AT_ONCE)
            )
            for gateway in gateways
        ]
        for article in round_.articles:
            await _put_on_sale(shops, article)
        count, began = len(round_.baskets), monotonic()
        await _place(shops, round_, half_way, steps.begin(f"{round_.name}: taken", count))
        placing = monotonic() - began
        await _ended(shops[0], steps.begin(f"{round_.name}: ended", count))
        seen, broken = await _settled(shops[0], round_, ledger)
        for article in round_.articles:
            await shops[0].delete(f"catalog/products/{article.sku}", key=article.sku)
    return Outcome(round_, seen, placing, broken)


async def _put_on_sale(shops: Sequence[Shop], article: Article) -> None:
    """Tell every gateway, under one key: so it happens once, and each waits for the price."""
    price = {"amount": article.price, "currency": "GBP"}
    product = {"sku": article.sku, "name": "Sold out soon", "price": price}
    for shop in shops:
        await shop.post("catalog/products", product, key=article.sku)
    receipt = {"quantity": article.stock}
    await shops[0].post(f"inventory/stock/{article.sku}/receipts", receipt, key=article.sku)


async def _place(
    shops: Sequence[Shop], round_: Round, half_way: Callable[[], None], step: Step
) -> None:
    waiting = iter(round_.baskets)

    async def work(shop: Shop) -> None:
        for basket in waiting:
            key = f"{round_.owner}/{basket.email}"
            await shop.post("orders", order(basket), key=key, after="catalog")
            step.advance()
            if step.done == (step.total + 1) // 2:
                half_way()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                for shop in shops:
                    group.create_task(work(shop))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _ended(shop: Shop, step: Step) -> None:
    """Wait until all orders have ended, or none ends any more."""
    changed = monotonic()
    while step.done < step.total and monotonic() - changed < STALLED:
        orders = await _orders(shop)
        ended = sum(order.status != "open" for order in orders)
        if ended > step.done:
            step.advance(ended - step.done)
            changed = monotonic()
        if ended < step.total:
            await asyncio.sleep(POLL)


async def _settled(shop: Shop, round_: Round, ledger: str) -> tuple[Seen, list[str]]:
    """Look until all is as promised, or the time to catch up is over."""
    give_up = monotonic() + CATCH_UP
    while True:
        seen = Seen(
            tuple(await _orders(shop)),
            {article.sku: await _stock(shop, article.sku) for article in round_.articles},
            await shop_here.charges(ledger),
        )
        broken = judge(round_, seen)
        if not broken or monotonic() > give_up:
            return seen, broken
        await asyncio.sleep(POLL)


async def _stock(shop: Shop, sku: str) -> Stock:
    return msgspec.convert(await shop.get(f"inventory/stock/{sku}"), Stock)


async def _orders(shop: Shop) -> list[Order]:
    """List all orders of this round: who asks is who placed them, and placed no others."""
    found: list[Order] = []
    after: list[tuple[str, str]] = []
    while True:
        page = await shop.get("orders", [("limit", str(A_PAGE)), *after])
        found += msgspec.convert(page["items"], list[Order])
        if page["next"] is None:
            return found
        after = [("after", found[-1].order_id)]
