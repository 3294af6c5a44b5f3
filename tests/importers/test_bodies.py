"""What the importer and the demonstration write and read is what the API takes and gives."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from ecommerce.api import inventory, product_changes, reports
from ecommerce.api.audit import Timeline
from ecommerce.api.new_order import NewOrder
from ecommerce.api.order_view import OrderView, Status
from ecommerce.api.problems import Fault
from ecommerce.api.reading import Page
from ecommerce.api.validation import faults
from ecommerce.cli import demo, telling
from ecommerce.cli.importers import bodies
from ecommerce.cli.importers.online_retail import MOST_CHARGES, MOST_LINES, Plan, plan
from ecommerce.cli.importers.rows import Source, read
from ecommerce.events.orders import Address, Charge, Customer, OrderLine
from ecommerce.kernel import Money
from ecommerce.projections.movements import Movement
from ecommerce.projections.order_timeline import Step
from ecommerce.projections.waiting import Waiting
from online_retail import ODD, real_days, row, write

AT = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
VIEW = OrderView(
    order_id="7",
    status="cancelled",
    owner="importer",
    customer=Customer(),
    shipping_address=Address("France"),
    lines=(OrderLine(1, "TEA", 2, Money(255, "GBP")), OrderLine(2, "TEA", 1, Money(0, "GBP"))),
    charges=(Charge("POST", Money(1800, "GBP")),),
    total=Money(2310, "GBP"),
    placed_at=AT,
    created_at=AT,
    updated_at=AT,
    reference="536365",
    code="out_of_stock",
    reason="out of stock: TEA",
    compensating=False,
    compensated=False,
    authentication_url=None,
    refunded=None,
    carrier=None,
    tracking=None,
)


def sent(document: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def refused(found: Plan) -> list[Fault]:
    """List what the API would not take of all that an import sends."""
    wrong = [
        *(faults(sent(bodies.product(it)), product_changes.NewProduct) for it in found.products),
        *(faults(sent(bodies.price(it.price)), product_changes.NewPrice) for it in found.products),
        *(faults(sent(bodies.receipt(it)), inventory.Receipt) for it in found.receipts),
        *(faults(sent(bodies.adjustment(it)), inventory.Adjustment) for it in found.adjustments),
        *(faults(sent(bodies.order(it)), NewOrder) for it in found.orders),
    ]
    return [fault for all_of_one in wrong for fault in all_of_one]


def test_the_api_takes_all_that_the_real_days_bring() -> None:
    assert refused(plan(read(real_days()))) == []


def test_the_api_takes_the_odd_rows_of_other_days_too(tmp_path: Path) -> None:
    assert refused(plan(read([write(tmp_path / "odd.csv", *ODD)]))) == []


def test_the_api_takes_the_largest_order_that_the_importer_sends() -> None:
    most = [row(quantity=1, price="9999999")] * MOST_LINES + [row(code="POST")] * MOST_CHARGES
    (largest,) = plan([Source(Path("day.csv"), "day", tuple(most))]).orders
    assert [*faults(sent(bodies.order(largest)), NewOrder)] == []
    for more in ({"lines": (*largest.lines, row())}, {"charges": (*largest.charges, row())}):
        assert [*faults(sent(bodies.order(replace(largest, **more))), NewOrder)] != []


def test_the_importer_reads_orders_as_the_api_shows_them() -> None:
    (order,) = bodies.placed(sent(Page([VIEW], None)))
    assert (order.reference, order.outcome) == ("536365", "out_of_stock")
    assert (order.lines, order.units) == (2, 3)
    assert (order.total, order.placed_at) == (VIEW.total, AT)


@pytest.mark.parametrize("status", get_args(Status))
def test_an_order_that_is_on_its_way_counts_as_confirmed(status: Status) -> None:
    (order,) = bodies.placed(sent(Page([replace(VIEW, status=status, code=None)], None)))
    outcome = status if status in {"open", "cancelled"} else "confirmed"
    assert order.outcome == outcome


def test_the_importer_reads_reports_as_the_api_writes_them() -> None:
    told = reports.Day(AT.date(), "GBP", 3, 1, 1, {"out_of_stock": 1}, 5, Money(1275, "GBP"))
    (day,) = bodies.sales(sent(reports.Sales([told])))
    assert (day.day, day.placed, day.confirmed) == (AT.date(), 3, 1)
    assert day.cancelled == {"out_of_stock": 1}
    assert (day.units, day.revenue) == (5, Money(1275, "GBP"))


def test_the_importer_reads_movements_as_the_api_shows_them() -> None:
    moved = Movement("TEA", 1, AT, "UnitsReceived", 5, "importer", reference="online-retail/day")
    page = inventory.StockPage("TEA", 5, 0, 5, [moved])
    assert bodies.movements(sent(page)) == [bodies.Movement(AT, "online-retail/day")]


def test_the_demonstration_reads_timelines_and_orders_as_the_api_shows_them() -> None:
    step = Step("order-7@1", "7", AT, "orders", 1, "OrderCreated", "order-7", "r", "ann", "")
    told = Timeline("7", [step], [Waiting("the bank", AT)])
    timeline = msgspec.convert(sent(told), telling.Timeline)
    assert timeline.events == (telling.Step("order-7@1", AT, "orders", "OrderCreated", "r"),)
    assert timeline.waiting == (telling.Waiting("the bank"),)
    assert msgspec.convert(sent(VIEW), telling.Ended).reason == "out of stock: TEA"


@pytest.mark.parametrize("visit", demo.VISITS)
def test_the_api_takes_the_demonstrations_orders(visit: demo.Visit) -> None:
    assert not [*faults(sent(demo.order_of(visit)), NewOrder)]
