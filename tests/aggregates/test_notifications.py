from __future__ import annotations

import pytest

from ecommerce.aggregates import notifications
from ecommerce.aggregates.notifications import (
    CompleteNotification,
    FailNotification,
    QueueNotification,
)
from ecommerce.events.notifications import (
    Mail,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from ecommerce.kernel import Command, Event, Money
from scenario import given

MAIL = Mail("order_received", "ann@example.invalid", "Ann", "7", Money(2097, "GBP"))

queue = QueueNotification("order-7@1", MAIL)
queued = NotificationQueued("order-7@1", MAIL)
sent = NotificationSent("order-7@1")
failed = NotificationFailed("order-7@1", "550 no such mailbox")


def test_a_mail_is_queued() -> None:
    given(notifications).when(queue).then(queued)


def test_a_mail_about_an_event_has_a_stream_of_its_own() -> None:
    assert notifications.streams(queue) == ["notification-order-7@1"]


def test_an_event_makes_one_mail() -> None:
    given(notifications, queued).when(queue).then()


def test_a_mail_that_was_taken_is_sent() -> None:
    given(notifications, queued).when(CompleteNotification("order-7@1")).then(sent)


def test_a_mail_that_was_refused_for_good_has_failed() -> None:
    given(notifications, queued).when(FailNotification("order-7@1", "550 no such mailbox")).then(
        failed
    )


@pytest.mark.parametrize("end", [sent, failed], ids=["sent", "failed"])
@pytest.mark.parametrize(
    "command",
    [queue, CompleteNotification("order-7@1"), FailNotification("order-7@1", "550")],
)
def test_what_became_of_a_mail_is_said_once(end: Event, command: Command) -> None:
    given(notifications, queued, end).when(command).then()


@pytest.mark.parametrize(
    "command", [CompleteNotification("order-7@1"), FailNotification("order-7@1", "550")]
)
def test_nothing_becomes_of_a_mail_that_nobody_queued(command: Command) -> None:
    given(notifications).when(command).then()
