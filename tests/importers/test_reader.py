"""The second reader and the importer's rules share no code, and come to the same figures."""

from collections.abc import Collection
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecommerce.cli.importers import reader
from ecommerce.cli.importers.bodies import Placed
from ecommerce.cli.importers.online_retail import Order, plan
from ecommerce.cli.importers.reader import figures
from ecommerce.cli.importers.reconcile import differences, shop_figures
from ecommerce.cli.importers.rows import read
from ecommerce.kernel import Money
from online_retail import ODD, real_days, write

CODES = ["85123A", "85123a", "22139", "POST", "DOT", "C2", "M", "m", "D", "BANK CHARGES", "PADS"]
CODES += ["gift_0001_20", "DCGS0076", "B", "CRUK", "AMAZONFEE", "S"]
NUMBERS = ["536365", "536366", "536367", "C536368", "c536369", "A536370"]


def placed(order: Order, *, lost: bool = False) -> Placed:
    """Make of an order what a shop makes of it that works, or that has lost it half-way."""
    return Placed(
        reference=order.number,
        status="cancelled" if lost else "confirmed",
        lines=len(order.lines),
        units=order.units,
        total=Money(order.pence, "GBP"),
        placed_at=order.at,
        created_at=order.at,
        code="out_of_stock" if lost else None,
    )


def agree(paths: list[Path], lost: Collection[str] = ()) -> None:
    found = plan(read(paths))
    orders = [placed(order, lost=order.number in lost) for order in found.orders]
    outcomes = {order.reference: order.outcome for order in orders}
    told = figures(reader.read(paths), outcomes)
    assert not differences(shop_figures(orders, found.invoices), told)


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


PILES = st.lists(st.lists(LINES, max_size=9), min_size=1, max_size=3)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(piles=PILES, shared=st.lists(LINES, max_size=4), lost=st.sets(st.sampled_from(NUMBERS)))
def test_both_count_odd_rows_alike_in_files_that_overlap(
    tmp_path: Path, piles: list[list[str]], shared: list[str], lost: set[str]
) -> None:
    agree([write(tmp_path / f"{n}.csv", *pile, *shared) for n, pile in enumerate(piles)], lost)


def test_both_know_a_line_again_that_another_file_writes_in_another_way(tmp_path: Path) -> None:
    plain = "1,85123a, MUG,2,2010-12-01 08:26:00,2.5,17850.0,EIRE"
    other = '"1",85123A,"MUG ",02,2010-12-01 08:26:00,2.50,17850,EIRE'
    paths = [write(tmp_path / "1.csv", plain), write(tmp_path / "2.csv", other)]
    agree(paths)
    assert [(it.units, it.pence) for it in reader.read(paths)] == [(2, 500)]


def test_both_count_the_odd_rows_of_other_days_alike(tmp_path: Path) -> None:
    agree([write(tmp_path / "odd.csv", *ODD)], {"561226"})
