"""What customers and staff want of the shop, drawn at random."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Final

from ecommerce.aggregates.inventory import AdjustStock, ReceiveStock
from ecommerce.aggregates.orders import (
    DeliverOrder,
    PlaceOrder,
    ShipOrder,
    Status,
    WithdrawOrder,
)
from ecommerce.events.orders import Address, Customer, OrderLine
from ecommerce.kernel import Command, Money
from explorer.saga.log import Log
from explorer.saga.steps import Ask

SKUS: Final = ("mug", "pot", "tin")
PLACED_AT: Final = datetime(2026, 1, 2, tzinfo=UTC)

_CARDS: Final = ("pays", "pays", "pays", "asks", "asks", "asks", "is declined")
_EMAILS: Final = ("ann@shop.test", "ann@shop.test", "nobody@shop.test", None)
"""The mail server refuses the second for good; without one, no mail is due."""


class People:
    """Wants things. Of the orders that it wants, `placed` are placed."""

    def __init__(self, random: Random, orders: Log) -> None:
        self.placed: list[str] = []
        self._random = random
        self._orders = orders
        self._wanted = random.choice((3, 3, 4))
        self._wishes = random.randint(4, 10)
        self._asked: list[Ask] = []

    def supply(self) -> list[Ask]:
        """Let a little of some SKUs come in."""
        stocks = [ReceiveStock(sku, self._random.randint(1, 6)) for sku in SKUS]
        return [self._ask(stock) for stock in stocks if self._random.random() < 0.8]

    def want(self) -> Ask | None:
        """Let somebody place an order, or want something else; perhaps the same a second time."""
        if len(self.placed) < self._wanted and self._random.random() < 0.6:
            return self.place()
        if self._wishes == 0:
            return self.place() if len(self.placed) < self._wanted else None
        self._wishes -= 1
        if self._asked and self._random.random() < 0.1:
            return self._random.choice(self._asked)
        return self._ask(self._wish())

    def place(self) -> Ask:
        """Let a customer place an order of a few lines, some of one SKU, some free of charge."""
        random, number = self._random, str(len(self.placed) + 1)
        self.placed.append(number)
        price = Money(random.choice((0, 100, 100, 100, 100, 250)), "GBP")
        lines = tuple(
            OrderLine(line, random.choice(SKUS), random.choice((1, 1, 1, 2)), price)
            for line in range(1, random.choice((2, 3, 4)))
        )
        customer, card = Customer("Ann", random.choice(_EMAILS)), random.choice(_CARDS)
        return self._ask(
            PlaceOrder(number, f"ann{number}", customer, Address("GB"), card, lines, (), PLACED_AT)
        )

    def _wish(self) -> Command:
        random, kind = self._random, self._random.random()
        if kind < 0.15:
            return ReceiveStock(random.choice(SKUS), random.randint(1, 2))
        if kind < 0.25:
            return AdjustStock(random.choice(SKUS), random.choice((-2, -1, 1)), "counted")
        number = str(random.randint(1, len(self.placed) + 1))
        if kind < 0.45:
            return self._withdraw(number)
        return random.choice((ShipOrder, DeliverOrder))(number)

    def _withdraw(self, number: str) -> WithdrawOrder:
        owner = self._random.choice((None, f"ann{number}", f"ann{number}", "a stranger"))
        return WithdrawOrder(number, "changed my mind", owner)

    def cancel(self) -> Ask | None:
        """Let somebody cancel an order that is placed."""
        return self._ask(self._withdraw(self._random.choice(self.placed))) if self.placed else None

    def dispatch(self) -> Ask | None:
        """Let staff do what a confirmed or a shipped order waits for."""
        for number in self.placed:
            match self._orders.state(f"order-{number}").status:
                case Status.CONFIRMED:
                    return self._ask(ShipOrder(number))
                case Status.SHIPPED:
                    return self._ask(DeliverOrder(number))
                case _:
                    pass
        return None

    def _ask(self, command: Command) -> Ask:
        self._asked.append(Ask(f"http:{len(self._asked)}", command))
        return self._asked[-1]
