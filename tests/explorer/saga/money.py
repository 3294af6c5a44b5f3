"""What becomes of the money wherever a charge, an order and the news of the charge cross.

`cd tests && ../.venv/bin/python -m explorer.saga.money` writes the table anew in docs/saga.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Final

from ecommerce.aggregates.inventory import ReceiveStock
from ecommerce.aggregates.orders import PlaceOrder, ShipOrder, WithdrawOrder
from ecommerce.events.orders import Address, Customer, OrderLine
from ecommerce.kernel import Money
from explorer.saga import resting
from explorer.saga.outside import Wrong
from explorer.saga.steps import Ask, Call, Expire, Hear, Step, Tell
from explorer.saga.world import REAL, Shop, World

PAGE: Final = Path(__file__).parents[3] / "docs" / "saga.md"
BEGIN: Final = "<!-- the money table, written by tests/explorer/saga/money.py -->"
END: Final = "<!-- the end of the money table -->"

CHARGES: Final = {"paying": "asks", "paid": "pays", "failed": "is declined"}
"""What the provider has to tell, and the card by which it comes to that."""
ORDERS: Final = ("open", "cancelled", "timed out", "shipped")
NEWS: Final = ("answer", "webhook", "both", "twice", "late")

CALL: Final = ("payments", "payment-1")

CANNOT_BE: Final = "cannot be: an order ships only when paid"


def outcome(charge: str, order: str, news: str, shop: Shop = REAL) -> str:
    """Say what comes of a charge that was made, of the news of it, and of its order."""
    world = World(shop)
    _charge(world, CHARGES[charge])
    early = news if news != "late" else "answer" if order == "shipped" else None
    if early:
        _tell(world, early)
    if order == "shipped":
        _get_on(world)
    if _become(world, order):
        return CANNOT_BE
    _get_on(world)
    if news == "late":
        _tell(world, "both")
        _get_on(world)
    return _name(world)


def _charge(world: World, card: str) -> None:
    """Let an order come, and the charge be made for it, of which nobody has heard yet."""
    line, placed_at = OrderLine(1, "mug", 1, Money(100, "GBP")), datetime(2026, 1, 2, tzinfo=UTC)
    order = PlaceOrder(
        "1", "ann", Customer(), Address("GB"), card, (line,), charges=(), placed_at=placed_at
    )
    world.do(Ask("http:1", ReceiveStock("mug", 1)))
    world.do(Ask("http:2", order))
    world.do(Hear("inventory", "order-1", "OrderCreated"))
    world.do(Hear("payments", "order-1", "OrderCreated"))
    world.do(Hear("payments", "reservation-1", "StockReserved"))
    world.do(Call(*CALL, to="made"))


def _tell(world: World, news: str) -> None:
    """Let payments hear of the charge."""
    webhook = next(iter(world.outside.webhooks), None)
    match news:
        case "answer":
            steps: list[Step] = [Call(*CALL)]
        case "webhook":
            steps = [Call(*CALL, to="lost"), *_told(webhook)]
        case "both":
            steps = [Call(*CALL), *_told(webhook)]
        case _:
            again = [Call(*CALL, to="lost"), Call(*CALL)]
            steps = [*_told(webhook, first=True), *again, *_told(webhook)]
    for step in steps:
        world.do(step)


def _told(webhook: tuple[str, str] | None, *, first: bool = False) -> list[Step]:
    return [Tell(*webhook, first=first)] if webhook else []


def _become(world: World, order: str) -> bool:
    """Let the order become what it is to be; say whether that is refused."""
    match order:
        case "cancelled":
            world.do(Ask("http:3", WithdrawOrder("1", "changed my mind", "ann")))
        case "timed out":
            world.do(Expire("order-1"))
        case "shipped":
            world.do(Ask("http:3", ShipOrder("1")))
    return str(world.trace[-1][1]).startswith("refused")


def _get_on(world: World) -> None:
    """Let all get on without time passing, but for an answer that is under way."""
    while step := _next(world):
        world.do(step)


def _next(world: World) -> Step | None:
    for lane, waiting in world.bus.lanes.items():
        return Hear(*lane, waiting[0][1].type)
    for call in world.calls():
        if world.next_call(*call).answer is None:
            return Call(*call)
    return None


def _name(world: World) -> str:
    """Name what has become of the money; then let time pass, and expect that all is well."""
    charge = world.outside.charges["1"]
    name = {
        "requires_action": "waits",
        "requires_payment_method": "nothing charged",
        "canceled": "voided",
        "succeeded": "refunded" if charge.refunded else "kept",
    }[charge.status]
    world.rest()
    if wrong := resting.broken(world):
        raise Wrong(wrong)
    return name


def table() -> str:
    """Draw the table."""
    return "\n".join(_rows())


def _rows() -> Iterator[str]:
    yield f"| the charge | the order | {' | '.join(NEWS)} |"
    yield f"|---|---|{'---|' * len(NEWS)}"
    for charge, order in product(CHARGES, ORDERS):
        outcomes = [outcome(charge, order, news) for news in NEWS]
        yield f"| {charge} | {order} | {' | '.join(outcomes)} |"


def written() -> str:
    """Give the page as it should be."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written())
