"""What a client prefers to wait for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

import web
from api_pages import ORDER
from ecommerce.api.outcomes import LONGEST, is_decided, outcomes, patience

OPEN = replace(ORDER, status="open", code=None, reason=None)


def test_an_order_is_decided_when_it_is_not_open_or_waits_for_its_customer() -> None:
    assert not is_decided(OPEN)
    assert is_decided(replace(OPEN, authentication_url="https://bank.invalid/1"))
    assert is_decided(replace(OPEN, status="confirmed"))
    assert is_decided(ORDER)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ('Wait = "3"', 3),
        ("wait=900", LONGEST),
        ("wait=", 0),
        ("await=5", 0),
        ("wait=soon", 0),
        (None, 0),
    ],
)
async def test_a_client_s_patience_is_read_as_the_rfc_says(prefer: str, seconds: int) -> None:
    assert (await patience(outcomes(web.Models().read), prefer)).seconds == seconds
