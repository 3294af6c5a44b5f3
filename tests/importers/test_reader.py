"""The second reader and the importer's rules share no code, and come to the same figures."""

from collections.abc import Collection
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ecommerce.cli.importers.bodies import Placed
from ecommerce.cli.importers.online_retail import Order, plan
from ecommerce.cli.importers.reader import figures
from ecommerce.cli.importers.reconcile import differences, shop_figures
from ecommerce.cli.importers.rows import read
from ecommerce.events.orders import OrderLine
from ecommerce.kernel import Money
from online_retail import real_days, write

CODES = ["85123A", "85123a", "22139", "POST", "DOT", "C2", "M", "m", "D", "BANK CHARGES", "PADS"]
CODES += ["gift_0001_20", "DCGS0076", "B", "CRUK", "AMAZONFEE", "S"]
NUMBERS = ["536365", "536366", "536367", "C536368", "c536369", "A536370"]


def placed(order: Order, *, lost: bool = False) -> Placed:
    """Make of an order what a shop makes of it that works, or that has lost it half-way."""
    lines = tuple(
        OrderLine(number, row.code, row.quantity, Money(int(row.price), "GBP"))
        for number, row in enumerate(order.lines, 1)
    )
    total = sum(int(row.amount) for row in (*order.lines, *order.charges))
    it = Placed(order.number, "confirmed", lines, Money(total, "GBP"), order.at, order.at)
    return replace(it, status="cancelled", code="out_of_stock") if lost else it


def agree(paths: list[Path], lost: Collection[str] = ()) -> None:
    found = plan(read(paths))
    orders = [placed(order, lost=order.number in lost) for order in found.orders]
    outcomes = {order.reference: order.outcome for order in orders}
    assert not differences(shop_figures(orders, found.invoices), figures(paths, outcomes))


def test_both_count_the_six_real_days_alike() -> None:
    agree(real_days())
    agree(real_days(), [f"{number}" for number in range(536365, 537000)])
    for day in real_days():
        agree([day])


LINES = st.builds(
    "{},{},{},{},{},{},,EIRE".format,
    st.sampled_from(NUMBERS),
    st.sampled_from(CODES),
    st.sampled_from(["", "?", "MUG"]),
    st.sampled_from([1, 2, 3, 80_995, -1, -3]),
    st.sampled_from(["2010-12-01 08:26:00", "2010-12-02 09:00:00"]),
    st.sampled_from(["0.0", "2.55", "10.0", "0.001", "-11062.06"]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, min_size=1, max_size=12), lost=st.sets(st.sampled_from(NUMBERS)))
def test_both_count_odd_rows_alike(tmp_path: Path, lines: list[str], lost: set[str]) -> None:
    agree([write(tmp_path / "day.csv", *lines)], lost)
