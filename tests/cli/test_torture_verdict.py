"""What the torture finds broken, each in a round of which all else is right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from ecommerce.cli.torture import rounds
from ecommerce.cli.torture.rounds import Article, Basket, Round
from ecommerce.cli.torture.seen import Charged, Order, Seen, Stock
from ecommerce.cli.torture.verdict import judge
from ecommerce.events.orders import Customer, OrderLine
from ecommerce.kernel import Money

PRICES = {"POT": 500, "TEA": 200}
ROUND = Round(
    "baskets",
    "oversell-1",
    (Article("POT", 500, 10), Article("TEA", 200, 3)),
    (
        Basket("a@example.com", {"TEA": 2, "POT": 1}),
        Basket("b@example.com", {"TEA": 2}),
        Basket("c@example.com", {"TEA": 1, "POT": 2}),
    ),
)


def order(name: str, **changes: Any) -> Order:
    """Make the order of a basket as it ought to be; `b` is short."""
    basket = next(each for each in ROUND.baskets if each.email.startswith(name))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    confirmed = Order(
        order_id=f"order of {name}",
        status="confirmed",
        customer=Customer(email=basket.email),
        lines=tuple(
            OrderLine(number, sku, units, Money(PRICES[sku], "GBP"))
            for number, (sku, units) in enumerate(basket.units.items(), 1)
        ),
        total=Money(ROUND.total(basket), "GBP"),
        created_at=now,
        updated_at=now,
    )
    short = {"status": "cancelled", "code": "out_of_stock"} if name == "b" else {}
    return replace(confirmed, **{**short, **changes})


def charged(name: str, captured: int, refunded: int = 0, times: int = 1) -> Charged:
    return Charged(f"order of {name}", captured, refunded, ({},) * times)


RIGHT = Seen(
    (order("a"), order("b"), order("c")),
    {"POT": Stock("POT", 10, 3, 7), "TEA": Stock("TEA", 3, 3, 0)},
    {"order of a": charged("a", 900), "order of c": charged("c", 1200)},
)


def seen(**changes: Any) -> Seen:
    return replace(RIGHT, **changes)


def bank(*changed: Charged) -> dict[str, Charged]:
    return {**RIGHT.charged, **{str(each.order_id): each for each in changed}}


def test_a_round_as_it_ought_to_be_has_no_fault() -> None:
    assert judge(ROUND, RIGHT) == []


def test_the_worst_comes_first() -> None:
    paid = order("b", status="confirmed", code=None)
    worst, *more = judge(ROUND, seen(orders=(order("a"), paid, order("c"))))
    assert worst == "TEA was oversold: confirmed orders hold 5 of 3 units"
    assert more == [
        "1 order confirmed though not charged the total just once, such as order of b",
        "TEA has 3 reserved of 3 (0 available), and should have 5 reserved of 3 (-2 available)",
    ]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            seen(charged=bank(charged("b", 400))),
            "1 order charged though cancelled, such as order of b",
        ),
        (
            seen(charged=bank(charged("b", 400, 400))),
            "1 order charged though cancelled, such as order of b",
        ),
        *[
            (
                seen(charged=bank(wrong)),
                "1 order confirmed though not charged the total just once, such as order of a",
            )
            for wrong in (charged("a", 899), charged("a", 900, 900), charged("a", 900, times=2))
        ],
        (
            seen(orders=(order("a"), order("c"))),
            "1 order lost, such as that of b@example.com",
        ),
        (
            seen(orders=(*RIGHT.orders, order("b", order_id="again"))),
            "2 orders made more than once of the same request, such as order of b",
        ),
        (
            seen(orders=(order("a"), order("b", total=Money(1, "GBP")), order("c"))),
            "1 order unlike what was ordered, such as order of b",
        ),
        (
            seen(orders=(order("a"), order("b", status="open", code=None), order("c"))),
            "1 order neither confirmed nor short of stock, but open, such as order of b",
        ),
        (
            seen(orders=(order("a"), order("b", code="timed_out"), order("c"))),
            "1 order neither confirmed nor short of stock, but timed_out, such as order of b",
        ),
        (
            seen(stock={**RIGHT.stock, "POT": Stock("POT", 9, 2, 7)}),
            "POT has 2 reserved of 9 (7 available), and should have 3 reserved of 10 (7 available)",
        ),
    ],
)
def test_each_broken_promise_is_told_alone(broken: Seen, told: str) -> None:
    assert judge(ROUND, broken) == [told]


def test_who_is_cancelled_as_short_must_have_been_short() -> None:
    short = order("c", status="cancelled", code="out_of_stock")
    stock = {"POT": Stock("POT", 10, 1, 9), "TEA": Stock("TEA", 3, 2, 1)}
    a_alone = {"order of a": charged("a", 900)}
    assert judge(
        ROUND, seen(orders=(order("a"), order("b"), short), stock=stock, charged=a_alone)
    ) == ["1 order cancelled as short though what is left would serve them, such as order of c"]


def test_a_seed_draws_the_same_baskets_of_one_to_five_skus_some_of_which_are_scarce() -> None:
    first, again = (rounds.baskets("RUN", 300, 100, seed=7) for _ in range(2))
    assert first == again != rounds.baskets("RUN", 300, 100, seed=8)
    assert {len(basket.units) for basket in first.baskets} == {1, 2, 3, 4, 5}
    wanted = first.wanted()
    scarce = [article for article in first.articles if wanted[article.sku] > article.stock]
    assert len(scarce) == rounds.SCARCE
    assert all(article.stock <= 100 for article in scarce)
