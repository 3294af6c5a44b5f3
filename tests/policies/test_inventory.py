from __future__ import annotations

from ecommerce.aggregates.inventory import CompensateStock, ReserveStock, ShipStock
from ecommerce.events.inventory import ReservedUnits
from ecommerce.events.orders import CompensateInventory, OrderShipped
from ecommerce.policies.inventory import react
from facts import ANN, order_created


def test_a_new_order_reserves_its_units_one_sku_at_a_time() -> None:
    assert [*react(order_created, "order-7@1")] == [
        ReserveStock("7", (ReservedUnits("TEA", 3), ReservedUnits("MUG", 1)))
    ]


def test_stock_goes_back_on_the_order_s_word() -> None:
    assert [*react(CompensateInventory("7", ("TEA", "MUG")), "order-7@3")] == [
        CompensateStock("7", ("TEA", "MUG"))
    ]


def test_stock_leaves_with_its_order() -> None:
    shipped = OrderShipped("7", ANN, ("TEA", "MUG"), "Royal Mail", "RM1")
    assert [*react(shipped, "order-7@3")] == [ShipStock("7", ("TEA", "MUG"))]
