from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from ecommerce.events.inventory import ReservedUnits, StockReserved
from ecommerce.events.notifications import Mail, NotificationQueued, NotificationSent
from ecommerce.events.orders import OrderConfirmed
from ecommerce.events.payments import PaymentRequested, PaymentStarted, PaymentSucceeded
from ecommerce.kernel import Event
from ecommerce.projections import notification_page, sagas
from ecommerce.projections.notification_page import NotificationPage
from ecommerce.projections.sagas import Saga
from ecommerce.projections.waiting import Waiting
from facts import ANN, NOON, order_created
from recording import fold, recorded

DUE = order_created.total
MAIL = Mail("order_received", "ann@example.invalid", "Ann", "7", DUE)

requested = PaymentRequested("7", DUE, "pm_card_visa")
reserved = StockReserved("7", (ReservedUnits("TEA", 3),))
started = PaymentStarted("7", DUE, "pm_card_visa")
succeeded = PaymentSucceeded("7", DUE, "ch_1")
confirmed = OrderConfirmed("7", ANN, DUE)
queued = NotificationQueued("order-7@1", MAIL)
sent = NotificationSent("order-7@1")


def saga(*events: Event) -> Saga:
    """Fold an order's events, a second apart, all of one cause's order."""
    noted = [
        recorded(event, number, time=NOON + timedelta(seconds=number))
        for number, event in enumerate(events, 1)
    ]
    row: Saga
    (row,) = fold(sagas, *noted).values()
    return row


def test_an_order_waits_since_its_oldest_wait_began() -> None:
    way = saga(order_created, requested, reserved)
    assert way.waiting == [Waiting("payments to begin the charge", NOON + timedelta(seconds=3))]
    assert way.waits_since == NOON + timedelta(seconds=3)
    assert (way.began_at, way.updated_at) == (
        NOON + timedelta(seconds=1),
        NOON + timedelta(seconds=3),
    )


def test_an_order_whose_ways_are_all_gone_waits_for_nothing() -> None:
    done = (order_created, requested, reserved, started, succeeded, confirmed)
    assert saga(*done).waits_since is None
    assert saga(*done, queued).waits_since == NOON + timedelta(seconds=7)
    assert saga(*done, queued, sent).waits_since is None


def test_whichever_context_s_events_come_first_the_wait_is_the_same() -> None:
    done = (order_created, requested, reserved, started)
    noted = [
        recorded(event, number, time=NOON + timedelta(seconds=number))
        for number, event in enumerate(done, 1)
    ]
    rows = [next(iter(fold(sagas, *order).values())) for order in permutations(noted)]
    assert all(row == rows[0] for row in rows)


def test_a_mail_is_queued_and_sent_or_given_up() -> None:
    (page,) = fold(notification_page, recorded(queued, 4)).values()
    assert page == NotificationPage("order-7@1", "7", 4, "order_received", "queued", NOON)
    (page,) = fold(notification_page, queued, sent).values()
    assert (page.status, page.ended_at) == ("sent", NOON)
