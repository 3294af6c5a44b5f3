from __future__ import annotations

from ecommerce.aggregates.inventory import CompensateStock, ReserveStock
from ecommerce.events.inventory import ReservedUnits
from ecommerce.events.orders import CompensateInventory
from ecommerce.policies.inventory import react
from facts import order_created


def test_a_new_order_reserves_its_units_one_sku_at_a_time() -> None:
    assert [*react(order_created, "order-7@1")] == [
        ReserveStock("7", (ReservedUnits("TEA", 3), ReservedUnits("MUG", 1)))
    ]


def test_stock_goes_back_on_the_order_s_word() -> None:
    assert [*react(CompensateInventory("7", ("TEA", "MUG")), "order-7@3")] == [
        CompensateStock("7", ("TEA", "MUG"))
    ]
