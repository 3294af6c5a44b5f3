from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Raw, json

from ecommerce.cli.events import line
from ecommerce.cli.following import trouble
from ecommerce.store.envelope import Envelope


def test_an_event_is_one_line_without_its_data() -> None:
    event = Envelope(
        specversion="1.0",
        id="order-7@2",
        source="orders",
        type="OrderConfirmed",
        subject="order-7",
        time=datetime(2026, 1, 2, 3, 4, 5, 678900, UTC),
        datacontenttype="application/json",
        dataschema="urn:x",
        correlationid="c",
        causationid="payment-7@3",
        actor="ann@example.invalid",
        data=Raw(b'{"email":"ann@example.invalid"}'),
    )
    told = line(event)
    assert told.split() == [
        *("03:04:05.678", "orders", "OrderConfirmed", "order-7@2", "<-", "payment-7@3"),
    ]


def test_warnings_and_worse_are_told_in_words() -> None:
    entry = b'{"event":"relay.lost","level":"warning","service":"orders","position":7}'
    assert trouble(entry) == ("relay.lost", "relay.lost position=7")


def test_of_an_exception_the_last_line_is_told() -> None:
    exception = "Traceback\n  file\nKeyError: 1"
    entry = {"event": "message.failed", "level": "error", "exception": exception}
    assert trouble(json.encode(entry)) == ("message.failed", "message.failed KeyError: 1")


def test_of_what_is_no_log_entry_the_line_that_matters_is_told() -> None:
    lines = [b"Traceback (most recent call last):", b"  File", b"", b"OSError: no", b"Killed"]
    assert [told[1] for told in map(trouble, lines) if told] == ["OSError: no", "Killed"]


def test_what_is_no_trouble_is_not_told() -> None:
    assert trouble(b'{"event":"service.listens","level":"info"}') is None
