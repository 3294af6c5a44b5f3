from __future__ import annotations

import pytest

from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import (
    AdjustStock,
    CompensateStock,
    NotEnoughStock,
    ReceiveStock,
    ReserveStock,
    ShipStock,
    Stock,
    together,
)
from ecommerce.events.inventory import (
    ReservedUnits,
    Shortage,
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
    UnitsAdjusted,
    UnitsReceived,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.kernel import Command, Event
from scenario import by_stream, fold, given

Recorded = dict[str, list[Event]]

ITEMS = (ReservedUnits("TEA", 3), ReservedUnits("MUG", 1))

reserve = ReserveStock("7", ITEMS)
compensate = CompensateStock("7", ("TEA", "MUG"))
ship = ShipStock("7", ("TEA", "MUG"))

received: Recorded = {
    "stock-TEA": [UnitsReceived("TEA", 5)],
    "stock-MUG": [UnitsReceived("MUG", 1)],
}
held: Recorded = {
    "reservation-7": [StockReserved("7", ITEMS)],
    "stock-TEA": [UnitsReserved("TEA", "7", 3)],
    "stock-MUG": [UnitsReserved("MUG", "7", 1)],
}
given_back: Recorded = {
    "reservation-7": [StockCompensated("7", ITEMS)],
    "stock-TEA": [UnitsReleased("TEA", "7", 3)],
    "stock-MUG": [UnitsReleased("MUG", "7", 1)],
}
shipped: Recorded = {
    "reservation-7": [StockShipped("7", ITEMS)],
    "stock-TEA": [UnitsShipped("TEA", "7", 3)],
    "stock-MUG": [UnitsShipped("MUG", "7", 1)],
}
nothing_to_give_back: Recorded = {"reservation-7": [StockCompensated("7", ())]}
short_of_tea: Recorded = {
    "reservation-7": [StockReservationFailed("7", (Shortage("TEA", requested=3, available=2),))]
}


def test_stock_comes_in() -> None:
    given(inventory).when(ReceiveStock("TEA", 5, "delivery 12")).then(
        UnitsReceived("TEA", 5, "delivery 12")
    )


def test_a_count_is_put_right_upwards() -> None:
    given(inventory).when(AdjustStock("TEA", 2, "found")).then(UnitsAdjusted("TEA", 2, "found"))


def test_a_count_is_put_right_down_to_nothing() -> None:
    given(inventory, UnitsReceived("TEA", 5)).when(AdjustStock("TEA", -5, "damaged")).then(
        UnitsAdjusted("TEA", -5, "damaged")
    )


def test_a_count_cannot_fall_below_nothing() -> None:
    given(inventory, UnitsReceived("TEA", 5)).when(AdjustStock("TEA", -6, "lost")).rejects(
        NotEnoughStock
    )


def test_a_count_cannot_fall_below_what_orders_hold() -> None:
    given(inventory, UnitsReceived("TEA", 5), UnitsReserved("TEA", "7", 3)).when(
        AdjustStock("TEA", -3, "lost")
    ).rejects(NotEnoughStock)


def test_an_order_gets_all_of_its_lines_together() -> None:
    given(inventory, received).when(reserve).then(held)


def test_an_order_gets_the_last_unit() -> None:
    given(inventory, {"stock-TEA": [UnitsReceived("TEA", 3)]}).when(
        ReserveStock("7", (ReservedUnits("TEA", 3),))
    ).then(
        {
            "reservation-7": [StockReserved("7", (ReservedUnits("TEA", 3),))],
            "stock-TEA": [UnitsReserved("TEA", "7", 3)],
        }
    )


def test_an_order_short_of_one_line_gets_none_of_them() -> None:
    short = {"stock-TEA": [UnitsReceived("TEA", 2)], "stock-MUG": [UnitsReceived("MUG", 1)]}
    given(inventory, short).when(reserve).then(short_of_tea)


def test_a_failed_reservation_names_every_shortage() -> None:
    given(inventory).when(reserve).then(
        {
            "reservation-7": [
                StockReservationFailed("7", (Shortage("TEA", 3, 0), Shortage("MUG", 1, 0)))
            ]
        }
    )


def test_what_another_order_holds_is_not_free() -> None:
    others = {"stock-TEA": [UnitsReserved("TEA", "6", 3)]}
    given(inventory, received, others).when(reserve).then(short_of_tea)


def test_what_another_order_gave_back_is_free_again() -> None:
    others = {"stock-TEA": [UnitsReserved("TEA", "6", 3), UnitsReleased("TEA", "6", 3)]}
    given(inventory, received, others).when(reserve).then(held)


def test_an_adjusted_count_is_what_orders_can_have() -> None:
    lost = {"stock-TEA": [UnitsAdjusted("TEA", -3, "lost")]}
    given(inventory, received, lost).when(reserve).then(short_of_tea)


def test_an_order_that_needs_no_stock_holds_none() -> None:
    given(inventory).when(ReserveStock("7", ())).then({"reservation-7": [StockReserved("7", ())]})


def test_lines_of_one_sku_are_reserved_together() -> None:
    assert together([("TEA", 2), ("MUG", 1), ("TEA", 1)]) == ITEMS


def test_stock_is_reserved_once() -> None:
    given(inventory, received, held).when(reserve).then()


def test_an_order_once_short_of_stock_stays_without() -> None:
    given(inventory, short_of_tea, received).when(reserve).then()


def test_all_that_is_held_goes_back() -> None:
    given(inventory, received, held).when(compensate).then(given_back)


def test_stock_goes_back_once() -> None:
    given(inventory, received, held, given_back).when(compensate).then()


def test_an_order_short_of_stock_has_nothing_to_give_back() -> None:
    given(inventory, short_of_tea).when(compensate).then(nothing_to_give_back)


def test_compensation_before_the_reservation_prevents_it() -> None:
    given(inventory, received).when(compensate).then(nothing_to_give_back)
    given(inventory, received, nothing_to_give_back).when(reserve).then()


STATES: dict[str, tuple[Recorded, ...]] = {
    "nothing in stock": (),
    "stock": (received,),
    "reserved": (received, held),
    "failed": (short_of_tea, received),
    "compensated": (received, held, given_back),
    "compensated first": (received, nothing_to_give_back),
}


@pytest.mark.parametrize("command", [reserve, compensate], ids=["reserve", "compensate"])
@pytest.mark.parametrize("history", STATES.values(), ids=STATES)
def test_no_policy_is_ever_refused_and_asking_again_changes_nothing(
    history: tuple[Recorded, ...], command: Command
) -> None:
    recorded = given(inventory, *history).when(command).decision()
    given(inventory, *history, recorded).when(command).then()


@pytest.mark.parametrize("order", [(reserve, compensate), (compensate, reserve)])
def test_in_whatever_order_policies_speak_a_dead_order_holds_nothing(
    order: tuple[Command, ...],
) -> None:
    history: list[Recorded] = [received]
    for command in order:
        history.append(given(inventory, *history).when(command).decision())
    stock = [event for part in history for event in part.get("stock-TEA", ())]
    assert fold(inventory, {"stock-TEA": stock}) == {"stock-TEA": Stock(on_hand=5, reserved=0)}


def test_what_is_held_leaves_the_house_with_its_order() -> None:
    given(inventory, received, held).when(ship).then(shipped)
    left = fold(inventory, by_stream("", received, held, shipped))
    assert left["stock-TEA"] == Stock(on_hand=2, reserved=0)
    assert left["stock-MUG"] == Stock(on_hand=0, reserved=0)


def test_an_order_is_shipped_once() -> None:
    given(inventory, received, held, shipped).when(ship).then()


def test_what_was_shipped_does_not_come_back_by_itself() -> None:
    given(inventory, received, held, shipped).when(compensate).then()


@pytest.mark.parametrize("history", [{}, short_of_tea, nothing_to_give_back])
def test_an_order_that_holds_nothing_ships_nothing(history: Recorded) -> None:
    given(inventory, received, history).when(ship).then()
