from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ecommerce.events.inventory import (
    ReservedUnits,
    Shortage,
    StockCompensated,
    StockReservationFailed,
    StockReserved,
    StockShipped,
    UnitsReleased,
    UnitsReserved,
    UnitsShipped,
)
from ecommerce.events.notifications import (
    Mail,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.events.orders import (
    AuthenticationRequested,
    CompensateInventory,
    OrderCancelled,
    OrderCompensated,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.events.parking import MessageDiscarded
from ecommerce.events.payments import (
    PaymentAuthenticationRequired,
    PaymentClosed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequested,
    PaymentStarted,
    PaymentSucceeded,
    PaymentVoided,
    RefundStarted,
    VoidStarted,
)
from ecommerce.kernel import Event
from ecommerce.projections import order_timeline
from ecommerce.projections.details import detail
from ecommerce.projections.order_timeline import Step, in_order, waiting
from ecommerce.projections.waiting import Waiting
from facts import ANN, NOON, order_created
from recording import fold, recorded

DUE = order_created.total
ITEMS = (ReservedUnits("TEA", 3), ReservedUnits("MUG", 1))
MAIL = Mail("order_received", "ann@example.invalid", "Ann", "7", DUE)

confirmed = OrderConfirmed("7", ANN, DUE)
cancelled = OrderCancelled("7", ANN, "Your card was declined.", "payment_failed")
compensate = CompensateInventory("7", ("TEA", "MUG"))
reserved = StockReserved("7", ITEMS)
short = StockReservationFailed("7", (Shortage("TEA", 3, 1),))
given_back = StockCompensated("7", ITEMS)
requested = PaymentRequested("7", DUE, "pm_card_visa")
started = PaymentStarted("7", DUE, "pm_card_visa")
succeeded = PaymentSucceeded("7", DUE, "ch_1")
failed = PaymentFailed("7", "card_declined", "Your card was declined.")
closed = PaymentClosed("7")
refunding = RefundStarted("7", DUE, "ch_1")
refunded = PaymentRefunded("7", DUE, "re_1")
back = OrderRefunded("7", ANN, DUE)
authenticating = PaymentAuthenticationRequired("7", "pi_1", "https://bank.invalid/1")
asked = AuthenticationRequested("7", ANN, DUE, "https://bank.invalid/1")
voiding = VoidStarted("7", "pi_1")
voided = PaymentVoided("7")
shipped = OrderShipped("7", ANN, ("TEA", "MUG"), "Royal Mail", "RM1")
left = StockShipped("7", ITEMS)
queued = NotificationQueued("order-7@1", MAIL)
sent = NotificationSent("order-7@1")
bounced = NotificationFailed("order-7@1", "550 no ann@example.invalid here")


def steps(*events: Event) -> list[Step]:
    """Tell an order's events a second apart, each in a log of its own."""
    noted = [
        recorded(event, number, time=NOON + timedelta(seconds=number))
        for number, event in enumerate(events, 1)
    ]
    return [*fold(order_timeline, *noted).values()]


def waits(*events: Event) -> list[str]:
    return [wait.for_ for wait in waiting(steps(*events))]


def test_a_step_says_where_and_why_it_happened() -> None:
    note = recorded(failed, 9, version=3, causation="payment-7@2")
    assert [*fold(order_timeline, note).values()] == [
        Step(
            id="payment-7@3",
            order_id="7",
            time=NOON,
            source="payments",
            position=9,
            type="PaymentFailed",
            stream="payment-7",
            cause="payment-7@2",
            actor="payments",
            detail="card_declined: Your card was declined.",
        )
    ]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (order_created, "2 SKUs, £20.97"),
        (confirmed, "£20.97"),
        (cancelled, "payment_failed: Your card was declined."),
        (compensate, "2 SKUs"),
        (shipped, "Royal Mail RM1"),
        (OrderShipped("7", ANN, ("TEA",)), ""),
        (left, "2 SKUs"),
        (UnitsShipped("TEA", "7", 3), "3 of TEA"),
        (OrderDelivered("7"), ""),
        (authenticating, ""),
        (asked, "£20.97"),
        (voiding, ""),
        (voided, ""),
        (back, "£20.97"),
        (OrderCompensated("7"), ""),
        (reserved, "2 SKUs"),
        (StockReserved("7", ITEMS[:1]), "1 SKU"),
        (short, "TEA: 1 of 3 left"),
        (UnitsReserved("TEA", "7", 3), "3 of TEA"),
        (UnitsReleased("TEA", "7", 3), "3 of TEA"),
        (requested, "£20.97"),
        (failed, "card_declined: Your card was declined."),
        (closed, ""),
        (refunded, "£20.97"),
        (queued, "order_received"),
        (sent, ""),
        (bounced, "the mail server refused it"),
        (
            MessageDiscarded("order-7@1", "OrderCreated", "policy failed", "a test order"),
            "OrderCreated (policy failed) was given up: a test order",
        ),
    ],
)
def test_the_detail_of_an_event_is_for_people(event: Any, words: str) -> None:
    assert detail(event) == words


def test_no_step_tells_who_the_customer_is() -> None:
    told = msgspec.json.encode(steps(order_created, confirmed, queued, bounced)).decode()
    assert not any(personal in told for personal in ("Ann", "example.invalid", "London"))


def test_steps_are_in_order_of_time_but_never_before_their_cause() -> None:
    early, late = NOON, NOON + timedelta(seconds=5)
    noted = [
        recorded(reserved, 1, time=early, causation="order-7@1"),  # by a clock that is late
        recorded(requested, 1, time=late, causation="order-7@1"),
        recorded(order_created, 1, time=late),
        recorded(started, 2, time=late, causation="reservation-7@1"),
    ]
    ids = [step.id for step in in_order(fold(order_timeline, *noted).values())]
    assert ids == ["order-7@1", "reservation-7@1", "payment-7@1", "payment-7@2"]


def test_a_circle_of_causes_is_sorted_all_the_same() -> None:
    noted = [
        recorded(order_created, 1, causation="reservation-7@1"),
        recorded(reserved, 1, causation="order-7@1"),
    ]
    assert len(in_order(fold(order_timeline, *noted).values())) == 2


def test_an_order_waits_since_the_event_that_is_unanswered() -> None:
    assert waiting(steps(order_created, requested)) == [
        Waiting("inventory to reserve the stock", NOON + timedelta(seconds=1))
    ]


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ((order_created, reserved, requested), ["payments to begin the charge"]),
        (
            (order_created, reserved),
            ["payments to note what is due", "payments to begin the charge"],
        ),
        ((order_created, requested, reserved, started), ["the payment provider to charge"]),
        ((order_created, requested, reserved, started, succeeded), ["orders to confirm the order"]),
        ((order_created, requested, reserved, started, failed), ["orders to cancel the order"]),
        ((order_created, requested, short), ["orders to cancel the order"]),
        ((order_created, requested, short, cancelled), ["payments to let go of the order"]),
    ],
)
def test_an_order_waits_for_one_service_after_the_other(
    events: tuple[Event, ...], what: list[str]
) -> None:
    assert waits(*events) == what


@pytest.mark.parametrize(
    ("events", "what"),
    [
        ((compensate,), ["inventory to give the stock back"]),
        ((compensate, given_back), ["orders to note that the stock is back"]),
        ((compensate, given_back, OrderCompensated("7")), []),
    ],
)
def test_a_dead_order_waits_for_its_compensation(
    events: tuple[Event, ...], what: list[str]
) -> None:
    declined = (order_created, requested, reserved, started, failed, cancelled, closed)
    assert waits(*declined, *events) == what


def test_an_order_paid_too_late_waits_for_its_refund() -> None:
    late = (order_created, requested, reserved, started, cancelled, closed, succeeded, refunding)
    assert waits(*late) == ["the payment provider to refund"]
    assert waits(*late, refunded) == ["orders to note that the money is back"]
    assert waits(*late, refunded, back) == []


def test_an_order_waits_for_the_customer_whom_the_bank_asks_for() -> None:
    paying = (order_created, requested, reserved, started, authenticating)
    customer = "the customer to authenticate the payment"
    assert waits(*paying) == [customer, "orders to ask the customer"]
    assert waits(*paying, asked) == [customer]
    assert waits(*paying, asked, succeeded, confirmed) == []
    dead = (*paying, asked, cancelled, closed, voiding)
    assert waits(*dead) == ["the payment provider to forget the charge"]
    assert waits(*dead, voided) == []


def test_a_shipped_order_waits_for_its_count() -> None:
    gone = (order_created, requested, reserved, started, succeeded, confirmed, shipped)
    assert waits(*gone) == ["inventory to count what was shipped"]
    assert waits(*gone, left) == []


def test_an_order_waits_for_each_mail() -> None:
    done = (order_created, requested, reserved, started, succeeded, confirmed)
    assert waits(*done) == []
    assert waits(*done, queued) == ["the mail server to take order_received"]
    assert waits(*done, queued, sent) == waits(*done, queued, bounced) == []
