"""Timers fire once, by a clock that counts only time in which the context heard what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

import facts
from accounts import Noted, ReminderSet, Say
from ecommerce.aggregates.orders import CancelOrder, ConfirmOrder, PlaceOrder
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Command
from ecommerce.store import timers
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool, pool
from ecommerce.store.timers import Ticker
from writing import looping, rows, unit, until, versions

pytestmark = pytest.mark.servers

PLACED = (
    "owner",
    "customer",
    "shipping_address",
    "payment_method",
    "lines",
    "charges",
    "placed_at",
)
SECONDS = "select seconds from clock"


@pytest_asyncio.fixture
async def opened(url: str) -> AsyncIterator[Pool]:
    async with pool(url, size=2) as made:
        yield made


@pytest_asyncio.fixture
async def loop(url: str) -> AsyncIterator[CommandLoop]:
    async with looping(url, timers={ReminderSet: 2}) as running:
        yield running


def answer(event: Any) -> Command:
    return Say("a", (Noted(event.text),))


def fail(_: Any) -> Command:
    raise ZeroDivisionError


def ticker(opened: Pool, loop: CommandLoop, command: Callable[[Any], Command] = answer) -> Ticker:
    return Ticker(opened, loop.submit, {ReminderSet: command}, lambda: True)


async def pass_time(url: str, seconds: float) -> None:
    await rows(url, "update clock set advanced_at = advanced_at - %s * interval '1 s'", seconds)


async def test_the_clock_counts_whole_seconds_and_keeps_the_rest(
    url: str, opened: Pool, loop: CommandLoop
) -> None:
    await rows(url, "update clock set advanced_at = now() - interval '2.6 s'")
    await ticker(opened, loop).tick()
    ((seconds, rest),) = await rows(
        url, "select seconds, extract(epoch from now() - advanced_at)::float from clock"
    )
    assert seconds == 2
    assert 0.6 <= rest < 1.6


async def test_an_outage_does_not_count(url: str, opened: Pool, loop: CommandLoop) -> None:
    await rows(url, "update clock set advanced_at = now() - interval '1 hour'")
    await ticker(opened, loop).tick()
    assert await rows(url, SECONDS) == [(0,)]


async def test_a_due_timer_fires_once_however_many_tickers_there_are(
    url: str, opened: Pool, loop: CommandLoop
) -> None:
    await loop.submit(unit(Say("a", (ReminderSet("now"),))))
    tickers = [ticker(opened, loop) for _ in range(3)]
    await asyncio.gather(*(each.tick() for each in tickers))
    assert await versions(url, "a") == [1]
    await rows(url, "update clock set seconds = 2")
    await asyncio.gather(*(each.tick() for each in tickers))
    assert await versions(url, "a") == [1, 2]
    assert await rows(url, "select 1 from timers") == []
    assert await rows(url, "select key from keys where key like 'timer:%%'") == [
        ("timer:account-a@1",)
    ]


async def test_a_timer_that_fails_is_due_again(url: str, opened: Pool, loop: CommandLoop) -> None:
    await loop.submit(unit(Say("a", (ReminderSet("now"),))))
    await rows(url, "update clock set seconds = 2")
    await ticker(opened, loop, fail).tick()
    await rows(url, "update clock set seconds = 2 + %s", timers.LEASE)
    await ticker(opened, loop).tick()
    assert await versions(url, "a") == [1, 2]


async def test_all_that_is_due_fires_at_one_tick_and_no_more_at_once_than_allowed(
    url: str, opened: Pool, loop: CommandLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "_AT_ONCE", 3)
    # With statistics of one row, a limited subselect would be run for each row of the table.
    await loop.submit(unit(Say("a", (ReminderSet("0"),))))
    await rows(url, "analyze timers")
    await loop.submit(unit(Say("a", tuple(ReminderSet(str(n)) for n in range(7)))))
    await rows(url, "update clock set seconds = 2")
    made = ticker(opened, loop)
    assert await made._submit_due() == 3
    assert len(await rows(url, "select 1 from timers")) == 5
    await made.tick()
    assert await rows(url, "select 1 from timers") == []


async def test_the_clock_runs_only_while_the_context_is_connected(
    url: str, opened: Pool, loop: CommandLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "TICK", 0.01)
    asked = 0

    def connected() -> bool:
        nonlocal asked
        asked += 1
        return asked > 30

    running = asyncio.create_task(Ticker(opened, loop.submit, {}, connected).run())
    await pass_time(url, 2.5)

    async def disconnected() -> bool:
        return asked > 20

    await until(disconnected)
    assert await rows(url, SECONDS) == [(0,)]

    async def advanced() -> bool:
        return await rows(url, SECONDS) > [(0,)]

    await until(advanced)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_order_that_is_confirmed_or_cancelled_has_no_deadline_any_more(url: str) -> None:
    orders, told = CONTEXTS["orders"], facts.order_created
    options: dict[str, Any] = {"timers": dict.fromkeys(orders.timers, 900), "ends": orders.ends}
    async with looping(url, orders.decider, **options) as loop:
        for order in ("open", "confirmed", "cancelled"):
            kept = {name: getattr(told, name) for name in PLACED}
            await loop.submit(unit(PlaceOrder(order_id=order, **kept)))
        await loop.submit(unit(ConfirmOrder("confirmed")))
        await loop.submit(unit(CancelOrder("cancelled", "customer", "no more", compensate=True)))
    assert await rows(url, "select id, due from timers") == [("order-open@1", 900)]


async def test_the_deadline_runs_from_the_recording_whatever_time_a_client_names(url: str) -> None:
    orders, told = CONTEXTS["orders"], facts.order_created
    await rows(url, "update clock set seconds = 50")
    async with looping(url, orders.decider, timers=dict.fromkeys(orders.timers, 900)) as loop:
        for year in (1999, 2999):
            kept = {name: getattr(told, name) for name in PLACED}
            kept["placed_at"] = told.placed_at.replace(year=year)
            await loop.submit(unit(PlaceOrder(order_id=f"{year}", **kept)))
    assert await rows(url, "select distinct due from timers") == [(950,)]
