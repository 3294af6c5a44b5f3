from __future__ import annotations

import pytest
from msgspec.structs import replace

from ecommerce.aggregates import orders
from ecommerce.aggregates.orders import (
    AskForAuthentication,
    CancelOrder,
    CompleteCompensation,
    CompleteRefund,
    ConfirmOrder,
    DeliverOrder,
    NoSuchOrder,
    OrderAlreadyDelivered,
    OrderAlreadyShipped,
    OrderIsCancelled,
    OrderIsEmpty,
    OrderNotConfirmed,
    OrderNotShipped,
    PlaceOrder,
    ShipOrder,
    TotalOutOfRange,
    WithdrawOrder,
)
from ecommerce.events.orders import (
    Address,
    AuthenticationRequested,
    Charge,
    CompensateInventory,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderDelivered,
    OrderLine,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.kernel import Command, Event, MixedCurrencies, Money, Rejected
from facts import ANN, NOON, order_created
from scenario import given

place = PlaceOrder(
    order_id="7",
    owner="ann",
    customer=ANN,
    shipping_address=Address("GB", city="London"),
    payment_method="pm_card_visa",
    lines=(
        OrderLine(1, "TEA", 2, Money(399, "GBP")),
        OrderLine(2, "MUG", 1, Money(650, "GBP")),
        OrderLine(3, "TEA", 1, Money(399, "GBP")),
    ),
    charges=(Charge("POST", Money(250, "GBP")),),
    placed_at=NOON,
    reference="536365",
)
placed = order_created
confirmed = OrderConfirmed("7", ANN, Money(2097, "GBP"))
declined = CancelOrder("7", "payment_failed", "the card was declined", compensate=True)
cancelled = OrderCancelled("7", ANN, "the card was declined", "payment_failed")
give_back = CompensateInventory("7", ("TEA", "MUG"))
short = CancelOrder("7", "out_of_stock", "out of stock: TEA", compensate=False)
dead_of_shortage = OrderCancelled("7", ANN, "out of stock: TEA", "out_of_stock")
compensated = OrderCompensated("7")
ask = AskForAuthentication("7", "https://bank.invalid/1")
asked = AuthenticationRequested("7", ANN, Money(2097, "GBP"), "https://bank.invalid/1")
refund = CompleteRefund("7", Money(2097, "GBP"))
refunded = OrderRefunded("7", ANN, Money(2097, "GBP"))
withdraw = WithdrawOrder("7", "changed my mind", owner="ann")
withdrawn = OrderCancelled("7", ANN, "changed my mind", "cancelled_by_customer")
ship = ShipOrder("7", "Royal Mail", "RM1")
shipped = OrderShipped("7", ANN, ("TEA", "MUG"), "Royal Mail", "RM1")
deliver = DeliverOrder("7")
delivered = OrderDelivered("7")


def test_placing_an_order_totals_its_lines_and_charges() -> None:
    given(orders).when(place).then(placed)


def test_an_order_of_charges_alone_can_be_placed() -> None:
    given(orders).when(replace(place, lines=())).then(
        replace(placed, lines=(), total=Money(250, "GBP"))
    )


def test_an_order_may_cost_nothing() -> None:
    free = (OrderLine(1, "TEA", 2, Money(0, "GBP")),)
    given(orders).when(replace(place, lines=free, charges=())).then(
        replace(placed, lines=free, charges=(), total=Money(0, "GBP"))
    )


def test_placing_the_same_order_again_changes_nothing() -> None:
    given(orders, placed).when(place).then()


def test_an_order_of_nothing_cannot_be_placed() -> None:
    given(orders).when(replace(place, lines=(), charges=())).rejects(OrderIsEmpty)


def test_an_order_is_placed_in_one_currency() -> None:
    charges = (Charge("POST", Money(250, "EUR")),)
    given(orders).when(replace(place, charges=charges)).rejects(MixedCurrencies)


def test_nobody_can_place_an_order_that_owes_less_than_nothing() -> None:
    charges = (Charge("DISCOUNT", Money(-1848, "GBP")),)
    given(orders).when(replace(place, charges=charges)).rejects(TotalOutOfRange)


def test_nobody_can_place_an_order_that_owes_more_than_an_event_can_say() -> None:
    lines = (OrderLine(1, "TEA", 100_000, Money(10**11, "GBP")),)
    given(orders).when(replace(place, lines=lines)).rejects(TotalOutOfRange)


def test_a_paid_order_is_confirmed() -> None:
    given(orders, placed).when(ConfirmOrder("7")).then(confirmed)


def test_an_order_that_costs_nothing_is_confirmed_as_well() -> None:
    free = replace(placed, total=Money(0, "GBP"))
    given(orders, free).when(ConfirmOrder("7")).then(replace(confirmed, total=Money(0, "GBP")))


def test_confirming_twice_changes_nothing() -> None:
    given(orders, placed, confirmed).when(ConfirmOrder("7")).then()


def test_a_declined_card_cancels_the_order_and_asks_for_each_sku_back_once() -> None:
    given(orders, placed).when(declined).then(cancelled, give_back)


def test_short_stock_cancels_the_order_and_asks_for_nothing_back() -> None:
    given(orders, placed).when(short).then(dead_of_shortage)


def test_cancelling_twice_changes_nothing() -> None:
    given(orders, placed, cancelled, give_back).when(declined).then()


def test_an_order_dies_of_one_cause_alone() -> None:
    given(orders, placed, dead_of_shortage).when(declined).then()


def test_a_confirmed_order_does_not_time_out() -> None:
    given(orders, placed, confirmed).when(
        CancelOrder("7", "timed_out", "timed out", compensate=True)
    ).then()


def test_a_payment_after_the_cancellation_does_not_revive_the_order() -> None:
    given(orders, placed, cancelled, give_back).when(ConfirmOrder("7")).then()


def test_the_order_notes_that_its_stock_went_back() -> None:
    given(orders, placed, cancelled, give_back).when(CompleteCompensation("7")).then(compensated)


def test_the_order_notes_once_that_its_stock_went_back() -> None:
    given(orders, placed, cancelled, give_back, compensated).when(CompleteCompensation("7")).then()


def test_an_order_that_asked_for_nothing_back_notes_nothing() -> None:
    given(orders, placed, dead_of_shortage).when(CompleteCompensation("7")).then()


STATES = {
    "unknown": [],
    "open": [placed],
    "confirmed": [placed, confirmed],
    "cancelled": [placed, dead_of_shortage],
    "compensating": [placed, cancelled, give_back],
    "compensated": [placed, cancelled, give_back, compensated],
}


@pytest.mark.parametrize("command", [ConfirmOrder("7"), declined, short, CompleteCompensation("7")])
@pytest.mark.parametrize("history", STATES.values(), ids=STATES)
def test_no_policy_is_ever_refused_and_asking_again_changes_nothing(
    history: list[Event], command: Command
) -> None:
    recorded = given(orders, *history).when(command).decision()["order-7"]
    given(orders, *history, *recorded).when(command).then()


def test_a_customer_is_asked_once_to_authenticate() -> None:
    given(orders, placed).when(ask).then(asked)
    given(orders, placed, asked).when(ask).then()
    given(orders, placed, asked).when(ConfirmOrder("7")).then(confirmed)


@pytest.mark.parametrize("history", [[placed], [placed, asked], [placed, confirmed]])
def test_a_customer_may_take_an_order_back_until_it_is_shipped(history: list[Event]) -> None:
    given(orders, *history).when(withdraw).then(withdrawn, give_back)


def test_staff_may_cancel_anybody_s_order() -> None:
    given(orders, placed, confirmed).when(WithdrawOrder("7", "cannot be sent")).then(
        OrderCancelled("7", ANN, "cannot be sent", "cancelled_by_staff"), give_back
    )


def test_to_take_back_a_dead_order_changes_nothing() -> None:
    given(orders, placed, cancelled, give_back).when(withdraw).then()


def test_nobody_takes_back_or_learns_of_another_s_order() -> None:
    eve = WithdrawOrder("7", "not mine", owner="eve")
    for history in ([], [placed], [placed, confirmed, shipped], [placed, withdrawn, give_back]):
        given(orders, *history).when(eve).rejects(NoSuchOrder)


def test_a_confirmed_order_is_shipped_and_delivered() -> None:
    given(orders, placed, confirmed).when(ship).then(shipped)
    given(orders, placed, confirmed, shipped).when(deliver).then(delivered)


@pytest.mark.parametrize(
    ("history", "command", "rule"),
    [
        ([], ship, NoSuchOrder),
        ([], deliver, NoSuchOrder),
        ([placed], ship, OrderNotConfirmed),
        ([placed], deliver, OrderNotShipped),
        ([placed, confirmed], deliver, OrderNotShipped),
        ([placed, confirmed, shipped], ship, OrderAlreadyShipped),
        ([placed, confirmed, shipped], withdraw, OrderAlreadyShipped),
        ([placed, confirmed, shipped, delivered], ship, OrderAlreadyShipped),
        ([placed, confirmed, shipped, delivered], withdraw, OrderAlreadyShipped),
        ([placed, confirmed, shipped, delivered], deliver, OrderAlreadyDelivered),
        ([placed, withdrawn, give_back], ship, OrderIsCancelled),
        ([placed, withdrawn, give_back], deliver, OrderIsCancelled),
    ],
)
def test_what_people_ask_for_at_the_wrong_time_is_refused(
    history: list[Event], command: Command, rule: type[Rejected]
) -> None:
    given(orders, *history).when(command).rejects(rule)


def test_a_refund_of_a_dead_order_is_noted_once() -> None:
    given(orders, placed, withdrawn, give_back).when(refund).then(refunded)
    given(orders, placed, withdrawn, give_back, refunded).when(refund).then()


@pytest.mark.parametrize("history", [[placed], [placed, confirmed], [placed, confirmed, shipped]])
def test_an_order_that_lives_has_no_refund(history: list[Event]) -> None:
    given(orders, *history).when(refund).then()


@pytest.mark.parametrize("late", [ask, declined, short, ConfirmOrder("7"), refund])
def test_what_is_shipped_stays_shipped_whatever_policies_say(late: Command) -> None:
    given(orders, placed, confirmed, shipped).when(late).then()
