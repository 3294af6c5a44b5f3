from __future__ import annotations

import pytest
from msgspec.structs import replace

from ecommerce.aggregates.notifications import QueueNotification
from ecommerce.events.notifications import Mail
from ecommerce.events.orders import (
    AuthenticationRequested,
    Customer,
    OrderCancelled,
    OrderConfirmed,
    OrderRefunded,
    OrderShipped,
)
from ecommerce.kernel import Money
from ecommerce.policies.notifications import Trigger, react
from facts import ANN, order_created

NOBODY = Customer()
TOTAL = Money(2097, "GBP")


def test_a_new_order_is_acknowledged() -> None:
    assert [*react(order_created, "order-7@1")] == [
        QueueNotification(
            "order-7@1", Mail("order_received", "ann@example.invalid", "Ann", "7", total=TOTAL)
        )
    ]


def test_a_confirmed_order_is_told() -> None:
    assert [*react(OrderConfirmed("7", ANN, TOTAL), "order-7@2")] == [
        QueueNotification(
            "order-7@2", Mail("order_confirmed", "ann@example.invalid", "Ann", "7", total=TOTAL)
        )
    ]


def test_a_cancelled_order_is_told_with_the_reason() -> None:
    dead = OrderCancelled("7", ANN, "the card was declined", "payment_failed")
    assert [*react(dead, "order-7@2")] == [
        QueueNotification(
            "order-7@2",
            Mail(
                "order_cancelled",
                "ann@example.invalid",
                "Ann",
                "7",
                reason="the card was declined",
            ),
        )
    ]


def test_a_customer_who_must_authenticate_is_told_where() -> None:
    url = "https://bank.invalid/1"
    mail = Mail("authentication_requested", "ann@example.invalid", "Ann", "7", TOTAL, url=url)
    assert [*react(AuthenticationRequested("7", ANN, TOTAL, url), "order-7@2")] == [
        QueueNotification("order-7@2", mail)
    ]


def test_a_shipped_order_is_told_with_its_parcel() -> None:
    to = ("order_shipped", "ann@example.invalid", "Ann", "7")
    shipped = OrderShipped("7", ANN, ("TEA",), "Royal Mail", "RM1")
    assert [*react(shipped, "order-7@3")] == [
        QueueNotification("order-7@3", Mail(*to, carrier="Royal Mail", tracking="RM1"))
    ]


def test_a_refund_is_told() -> None:
    mail = Mail("order_refunded", "ann@example.invalid", "Ann", "7", TOTAL)
    assert [*react(OrderRefunded("7", ANN, TOTAL), "order-7@4")] == [
        QueueNotification("order-7@4", mail)
    ]


@pytest.mark.parametrize(
    "event",
    [
        replace(order_created, customer=NOBODY),
        OrderConfirmed("7", NOBODY, TOTAL),
        OrderCancelled("7", NOBODY, "timed out", "timed_out"),
        OrderShipped("7", NOBODY, ("TEA",)),
        OrderRefunded("7", NOBODY, TOTAL),
        AuthenticationRequested("7", NOBODY, TOTAL, "https://bank.invalid/1"),
    ],
)
def test_a_guest_without_an_address_gets_no_mail(event: Trigger) -> None:
    assert [*react(event, "order-7@1")] == []
