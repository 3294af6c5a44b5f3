"""Waiting for what becomes of an order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

import web
from api_pages import ORDER
from ecommerce.api.outcomes import LONGEST, Outcomes, is_decided, patience
from ecommerce.projections.order_page import OrderPage

OPEN = replace(ORDER, status="open", code=None, reason=None)


class Pages:
    """The pages of orders, as they are at each look."""

    def __init__(self) -> None:
        self.pages: dict[str, OrderPage] = {}
        self.looks: list[list[str]] = []
        self.failure: Exception | None = None

    @asynccontextmanager
    async def read(self, _: str, __: str | None) -> AsyncIterator[Any]:
        if self.failure:
            raise self.failure
        yield self

    async def execute(self, _: Any, values: Any = None) -> Pages:
        self.looks.append(values["order_ids"])
        return self

    async def fetchone(self) -> tuple[str]:
        wanted = [self.pages[each] for each in self.looks[-1] if each in self.pages]
        return (msgspec.json.encode(wanted).decode(),)


def test_an_order_is_decided_when_it_is_not_open_or_waits_for_its_customer() -> None:
    assert not is_decided(OPEN)
    assert is_decided(replace(OPEN, authentication_url="https://bank.invalid/1"))
    assert is_decided(replace(OPEN, status="confirmed"))
    assert is_decided(ORDER)


async def test_all_who_wait_share_a_look_and_each_gets_its_own_order() -> None:
    pages = Pages()
    outcomes = Outcomes(pages.read)
    pages.pages = {"1": replace(OPEN, order_id="1"), "2": replace(ORDER, order_id="2")}
    first, again, second = (asyncio.create_task(outcomes.of(n, 10)) for n in ("1", "1", "2"))
    found = await second
    assert found
    assert found.order_id == "2"
    pages.pages["1"] = replace(OPEN, order_id="1", status="confirmed")
    assert await first == await again == pages.pages["1"]
    assert pages.looks[0] == ["1", "2"]
    assert pages.looks[-1] == ["1"]


async def test_nobody_waits_longer_than_is_preferred() -> None:
    outcomes = Outcomes(Pages().read)
    assert await outcomes.of("1", 0.05) is None


async def test_where_the_orders_cannot_be_read_nobody_waits() -> None:
    pages = Pages()
    outcomes = Outcomes(pages.read)
    pages.failure = RuntimeError("no database")
    assert await outcomes.of("1", 10) is None
    pages.failure, pages.pages = None, {"1": replace(ORDER, order_id="1")}
    assert await outcomes.of("1", 10) == pages.pages["1"]


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
    assert (await patience(Outcomes(web.Models().read), prefer)).seconds == seconds
