"""Holds what is seen after a round against what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ecommerce.cli.torture.rounds import Basket, Round
from ecommerce.cli.torture.seen import Order, Seen, Stock
from ecommerce.kernel import Money


def judge(round_: Round, seen: Seen) -> list[str]:
    """Name each promise that was broken, the worst first; nothing where all are kept."""
    return [
        *_oversold(round_, seen),
        *_charged_wrongly(seen),
        *_not_each_once(round_, seen),
        *_not_ended_well(seen),
        *_not_as_held(round_, seen),
        *_cancelled_for_nothing(seen),
    ]


def _oversold(round_: Round, seen: Seen) -> Iterator[str]:
    sold = seen.sold()
    for article in round_.articles:
        if sold[article.sku] > article.stock:
            told = f"confirmed orders hold {sold[article.sku]:,} of {article.stock:,} units"
            yield f"{article.sku} was oversold: {told}"


def _charged_wrongly(seen: Seen) -> Iterator[str]:
    in_vain = [o for o in seen.orders if o.cancelled and seen.charge(o).charges]
    yield from _told("charged though cancelled", in_vain)
    wrong = [o for o in seen.orders if o.confirmed and not _is_paid_once(o, seen)]
    yield from _told("confirmed though not charged the total just once", wrong)


def _is_paid_once(order: Order, seen: Seen) -> bool:
    charged = seen.charge(order)
    took = (charged.captured, charged.refunded, len(charged.charges))
    return took == (order.total.amount, 0, 1)


def _not_each_once(round_: Round, seen: Seen) -> Iterator[str]:
    found = Counter(order.customer.email for order in seen.orders)
    lost = [basket.email for basket in round_.baskets if basket.email not in found]
    if lost:
        yield f"{_orders(len(lost))} lost, such as that of {lost[0]}"
    twice = [order for order in seen.orders if found[order.customer.email] > 1]
    yield from _told("made more than once of the same request", twice)
    baskets = {basket.email: basket for basket in round_.baskets}
    unlike = [order for order in seen.orders if not _is_as_ordered(round_, baskets, order)]
    yield from _told("unlike what was ordered", unlike)


def _is_as_ordered(round_: Round, baskets: Mapping[str, Basket], order: Order) -> bool:
    basket = baskets.get(order.customer.email or "")
    return (
        basket is not None
        and order.units() == basket.units
        and order.total == Money(round_.total(basket), "GBP")
    )


def _not_ended_well(seen: Seen) -> Iterator[str]:
    odd: dict[str, list[Order]] = {}
    for order in seen.orders:
        if not (order.confirmed or order.short):
            odd.setdefault(order.code or order.status, []).append(order)
    for how, orders in sorted(odd.items()):
        yield from _told(f"neither confirmed nor short of stock, but {how}", orders)


def _not_as_held(round_: Round, seen: Seen) -> Iterator[str]:
    """Say which count is not what came in, with what the confirmed orders hold of it."""
    sold = seen.sold()
    for article in round_.articles:
        held = sold[article.sku]
        due = Stock(article.sku, article.stock, held, article.stock - held)
        stock = seen.stock.get(article.sku)
        if stock != due:
            yield f"{article.sku} has {_counted(stock)}, and should have {_counted(due)}"


def _counted(stock: Stock | None) -> str:
    if stock is None:
        return "no count"
    return f"{stock.reserved:,} reserved of {stock.on_hand:,} ({stock.available:,} available)"


def _cancelled_for_nothing(seen: Seen) -> Iterator[str]:
    """Say which orders were cancelled as short though what is left would serve them.

    Nothing gives stock back in a round, so it only falls: an order that was short at its moment
    is short at the end.
    """
    left = {sku: stock.available for sku, stock in seen.stock.items()}
    servable = [
        order
        for order in seen.orders
        if order.short and all(left.get(sku, 0) >= n for sku, n in order.units().items())
    ]
    yield from _told("cancelled as short though what is left would serve them", servable)


def _told(what: str, orders: Sequence[Order]) -> Iterator[str]:
    if orders:
        yield f"{_orders(len(orders))} {what}, such as {orders[0].order_id}"


def _orders(count: int) -> str:
    return "1 order" if count == 1 else f"{count:,} orders"
