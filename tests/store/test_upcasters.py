"""Each version that was ever stored reads as the event of today."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from ecommerce.kernel import Event, Money
from ecommerce.store.codec import Codec, UnknownVersion
from ecommerce.store.envelope import Cause, Recorded, encode
from ecommerce.store.upcasters import UPCASTERS, Upcast


class PaidV1(Struct, frozen=True):
    """Amounts were numbers of pounds."""

    total: float


class PaidV2(Struct, frozen=True):
    """Amounts were numbers of pence."""

    pence: int


class Paid(Event, frozen=True):
    version: ClassVar[int] = 3

    total: Money


PENCE = Upcast(PaidV1, lambda old: PaidV2(round(old.total * 100)))
MONEY = Upcast(PaidV2, lambda old: Paid(Money(old.pence, "GBP")))


@pytest.fixture(autouse=True)
def _upcasters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UPCASTERS, ("Paid", 1), PENCE)
    monkeypatch.setitem(UPCASTERS, ("Paid", 2), MONEY)


def stored(version: int, data: bytes) -> bytes:
    event: Recorded[Any] = Recorded(
        Paid(Money(450, "GBP")),
        "till",
        "receipt-7",
        1,
        0,
        datetime(2026, 1, 5, tzinfo=UTC),
        Cause("7", "7", "ann"),
    )
    document = encode(event)
    assert b'"dataschema":"urn:ecommerce:receipt.Paid.v3"' in document
    before, _, _ = document.partition(b'"data":')
    return before.replace(b".v3", f".v{version}".encode()) + b'"data":' + data + b"}"


@pytest.mark.parametrize(
    "document",
    [
        stored(1, b'{"total": 4.5}'),
        stored(2, b'{"pence": 450}'),
        stored(3, b'{"total": {"amount": 450, "currency": "GBP"}}'),
    ],
    ids=["v1", "v2", "v3"],
)
def test_every_stored_version_reads_as_today_s(document: bytes) -> None:
    recorded = Codec([Paid]).decode(document, position=12)
    assert recorded
    assert recorded.event == Paid(Money(450, "GBP"))
    assert (recorded.id, recorded.position) == ("receipt-7@1", 12)


def test_a_newer_version_is_not_guessed_at() -> None:
    with pytest.raises(UnknownVersion, match=r"Paid\.v4"):
        Codec([Paid]).decode(stored(4, b"{}"), position=12)


def test_a_version_without_an_upcaster_is_found_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(UPCASTERS, ("Paid", 1))
    with pytest.raises(LookupError, match=r"Paid\.v1 has no upcaster"):
        Codec([Paid])
