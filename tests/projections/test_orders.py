from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

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
from ecommerce.kernel import Money
from ecommerce.projections import order_page, sales
from ecommerce.projections.projection import RowMissing
from ecommerce.projections.sales import Sale
from facts import ANN, NOON, order_created
from recording import fold, recorded

LATER = NOON + timedelta(minutes=1)

confirmed = OrderConfirmed("7", ANN, order_created.total)
cancelled = OrderCancelled("7", ANN, "the card was declined", "payment_failed")


def test_a_new_order_is_open_and_shows_what_was_ordered() -> None:
    (page,) = fold(order_page, recorded(order_created, 5)).values()
    assert (page.status, page.position, page.total) == ("open", 5, Money(2097, "GBP"))
    assert (page.lines, page.charges) == (order_created.lines, order_created.charges)
    assert (page.customer, page.reference, page.owner) == (ANN, "536365", "ann")
    assert page.placed_at == page.created_at == page.updated_at == NOON


def test_a_confirmed_order_says_so_and_since_when() -> None:
    (page,) = fold(order_page, order_created, recorded(confirmed, 2, time=LATER)).values()
    assert (page.status, page.created_at, page.updated_at) == ("confirmed", NOON, LATER)


def test_a_cancelled_order_says_why() -> None:
    (page,) = fold(order_page, order_created, cancelled).values()
    assert (page.status, page.code) == ("cancelled", "payment_failed")
    assert (page.reason, page.compensating) == ("the card was declined", False)


def test_compensation_is_under_way_until_it_is_done() -> None:
    until = (order_created, cancelled, CompensateInventory("7", ("TEA", "MUG")))
    (under_way,) = fold(order_page, *until).values()
    (done,) = fold(order_page, *until, OrderCompensated("7")).values()
    assert (under_way.compensating, under_way.compensated) == (True, False)
    assert (done.compensating, done.compensated) == (False, True)


def test_an_order_that_nobody_created_cannot_be_confirmed() -> None:
    with pytest.raises(RowMissing, match="order-7@1"):
        fold(order_page, confirmed)
    with pytest.raises(RowMissing):
        fold(sales, confirmed)


def test_an_order_counts_as_what_became_of_it() -> None:
    sale = Sale("7", date(2026, 1, 5), "open", 4, 2097, "GBP")
    assert fold(sales, order_created) == {("7",): sale}
    assert fold(sales, order_created, confirmed) == {("7",): replace(sale, status="confirmed")}
    assert fold(sales, order_created, cancelled) == {
        ("7",): replace(sale, status="cancelled", code="payment_failed")
    }


def test_an_order_counts_on_the_day_in_utc_on_which_it_was_placed() -> None:
    auckland = datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=13)))
    (sale,) = fold(sales, replace(order_created, placed_at=auckland)).values()
    assert sale.day == date(2026, 1, 4)


def test_an_order_says_where_to_authenticate_as_long_as_it_waits_for_that() -> None:
    asked = AuthenticationRequested("7", ANN, order_created.total, "https://bank.invalid/1")
    (page,) = fold(order_page, order_created, asked).values()
    assert (page.status, page.authentication_url) == ("open", "https://bank.invalid/1")
    for end in (confirmed, cancelled):
        (page,) = fold(order_page, order_created, asked, end).values()
        assert page.authentication_url is None


def test_a_shipped_order_names_its_parcel_and_is_delivered() -> None:
    shipped = OrderShipped("7", ANN, ("TEA", "MUG"), "Royal Mail", "RM1")
    (page,) = fold(order_page, order_created, confirmed, shipped).values()
    assert (page.status, page.carrier, page.tracking) == ("shipped", "Royal Mail", "RM1")
    (page,) = fold(order_page, order_created, confirmed, shipped, OrderDelivered("7")).values()
    assert (page.status, page.carrier) == ("delivered", "Royal Mail")


def test_a_refund_is_shown_on_the_dead_order() -> None:
    refunded = OrderRefunded("7", ANN, order_created.total)
    (page,) = fold(order_page, order_created, confirmed, cancelled, refunded).values()
    assert (page.status, page.refunded) == ("cancelled", 2097)


def test_an_order_cancelled_after_its_payment_is_no_sale() -> None:
    (sale,) = fold(sales, order_created, confirmed, cancelled).values()
    assert (sale.status, sale.code) == ("cancelled", "payment_failed")
