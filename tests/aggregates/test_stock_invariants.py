"""Whatever is asked of inventory, and in whatever order, its books balance after every step."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from hypothesis import given as given_any
from hypothesis import strategies as st

from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import (
    AdjustStock,
    CompensateStock,
    Held,
    InventoryCommand,
    ReceiveStock,
    ReserveStock,
    ShipStock,
    reservation,
    stock,
    together,
)
from ecommerce.events.inventory import (
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
)
from ecommerce.kernel import Event, Rejected
from scenario import fold

SKUS = ("TEA", "MUG", "POT")
ORDERS = ("1", "2", "3", "4")

sku = st.sampled_from(SKUS)
order = st.sampled_from(ORDERS)
lines = st.lists(st.tuples(sku, st.integers(1, 4)), max_size=4)
command = st.one_of(
    st.builds(ReceiveStock, sku, st.integers(1, 6)),
    st.builds(AdjustStock, sku, st.integers(-6, 3), st.just("counted")),
    st.builds(ReserveStock, order, lines.map(together)),
    st.builds(CompensateStock, order, st.just(SKUS)),
    st.builds(ShipStock, order, st.just(SKUS)),
)

Log = dict[str, list[Event]]


@given_any(st.lists(command, max_size=30))
def test_stock_is_never_negative_and_what_is_reserved_is_what_open_reservations_hold(
    commands: list[InventoryCommand],
) -> None:
    log: Log = {}
    for asked in commands:
        _record(log, asked)
        _books_balance(log)


def _record(log: Log, asked: InventoryCommand) -> None:
    states = fold(inventory, {name: log.get(name, []) for name in inventory.streams(asked)})
    with suppress(Rejected):
        for name, events in inventory.decide(asked, states).items():
            assert name in states
            log.setdefault(name, []).extend(events)


def _books_balance(log: Log) -> None:
    states = fold(inventory, log)
    held: Counter[str] = Counter()
    for order_id in ORDERS:
        if (kept := states.get(reservation(order_id))) and kept.held is Held.RESERVED:
            held.update({item.sku: item.quantity for item in kept.items})
        _said_at_most_once(log.get(reservation(order_id), []))
    for code in SKUS:
        if counted := states.get(stock(code)):
            assert 0 <= counted.reserved <= counted.on_hand
            assert counted.reserved == held[code]


def _said_at_most_once(events: list[Event]) -> None:
    said = Counter(map(type, events))
    assert all(times == 1 for times in said.values())
    assert not (said[StockReserved] and said[StockReservationFailed])
    assert not (said[StockCompensated] and said[StockShipped])
    for last in (StockCompensated, StockShipped):
        assert last not in said or isinstance(events[-1], last)
