"""Whatever the provider does or fails to do, an order that is paid is charged once.

The judge is the provider's own ledger.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import pytest_asyncio

from ecommerce.adapters import breaker
from ecommerce.adapters import provider as api
from ecommerce.events.orders import Customer, OrderCancelled
from ecommerce.sandbox.webhooks import signature
from ecommerce.store import call_worker, calls
from recording import recorded
from sandboxes import SECRET, PaymentProvider, running
from servers import Broker
from serving import PRICE, Services, services
from writing import until

pytestmark = pytest.mark.servers

PAID = ["PaymentRequested", "PaymentStarted", "PaymentSucceeded"]
INTENTS = "payment_intents"
ASKS = "pm_card_threeDSecure2Required"
ASKED = "PaymentAuthenticationRequired"

# Those that are due later than in 40 seconds are being made: their lease is a minute.
SHIFT = """
update calls set due_at = due_at - %s * interval '1 s' where due_at < now() + interval '40 s'
"""


@pytest.fixture(scope="module")
def made(
    postgres: str, rabbitmq: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    silent = PaymentProvider(tmp_path_factory.mktemp("provider") / "silent.sqlite")
    contexts = ["inventory", "payments"]
    with running(silent), services(postgres, rabbitmq, silent, contexts) as services_made:
        yield services_made


@pytest.fixture
def shop(made: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Give services that are impatient: the clock of their back-off runs ten times as fast."""
    monkeypatch.setattr(calls, "_FIRST_DELAY", 0.05)
    monkeypatch.setattr(call_worker, "POLL", 0.05)
    monkeypatch.setattr(api, "TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    return made


@pytest_asyncio.fixture
async def paying(shop: Services) -> AsyncIterator[Services]:
    async with shop.running("payments"):
        yield shop
    await shop.provider.mend()


@pytest_asyncio.fixture
async def told(
    shop: Services, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    """Give a service whose provider tells by itself what happens."""
    webhooks = f"{shop.url('payments')}/payments/webhooks"
    telling = PaymentProvider(tmp_path_factory.mktemp("provider") / "telling.sqlite", webhooks)
    monkeypatch.setattr(shop, "provider", telling)
    monkeypatch.setattr(api, "TIMEOUT", aiohttp.ClientTimeout(total=5))
    with running(telling):
        async with shop.running("payments"):
            yield shop


async def settled(shop: Services, *order_ids: str) -> None:
    """Wait until orders are paid and nothing is to be done any more; each was charged once."""
    await until(lambda: shop.has("payments", "PaymentSucceeded", order_ids))
    await until(lambda: nothing_due(shop))
    for order_id in order_ids:
        ledger = await shop.provider.ledger(order_id)
        assert len(ledger["charges"]) == 1
        assert (ledger["captured"], ledger["refunded"]) == (PRICE.amount, 0)
        assert await shop.types("payments", order_id) == PAID


async def nothing_due(shop: Services) -> bool:
    return not await shop.rows("payments", "select 1 from calls")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(None, id="the answer alone"),
        pytest.param({"when": "after", "status": 500}, id="the SDK's own retry"),
        pytest.param({"when": "after", "status": 500, "times": 5}, id="errors after the commit"),
        pytest.param({"when": "after", "delay": 2, "times": 3}, id="time-outs after the commit"),
        pytest.param({"when": "before", "delay": 2, "times": 3}, id="time-outs before it"),
        pytest.param({"when": "before", "status": 503, "times": 3}, id="errors before it"),
        pytest.param({"when": "instead", "status": 500}, id="a stored 500 for a key"),
        pytest.param({"when": "instead", "status": 500, "times": 3}, id="a stored 500 for 3 keys"),
    ],
)
async def test_however_the_provider_answers_there_is_one_charge(
    paying: Services, fault: dict[str, Any] | None
) -> None:
    if fault:
        await paying.provider.fail(path=INTENTS, **fault)
    await settled(paying, *await paying.place(1, reserved=True))


async def test_a_webhook_before_the_answer_counts_once(told: Services) -> None:
    await told.provider.fail(when="after", path=INTENTS, delay=1)
    (order_id,) = await told.place(1, reserved=True)
    await until(lambda: told.has("payments", "PaymentSucceeded", [order_id]))
    assert not await nothing_due(told)
    await settled(told, order_id)


async def test_a_webhook_alone_is_enough(told: Services) -> None:
    await told.provider.fail(when="after", path=INTENTS, status=500, times=1000)
    (order_id,) = await told.place(1, reserved=True)
    await until(lambda: told.has("payments", "PaymentSucceeded", [order_id]))
    await told.provider.mend()
    await settled(told, order_id)


async def asked(shop: Services, order_id: str) -> str:
    """Wait until the bank asks for the customer of an order, and give the address of its page."""
    await until(lambda: shop.has("payments", ASKED, [order_id]))
    documents = await shop.documents("payments")
    (url,) = (
        each["data"]["url"]
        for each in documents
        if each["type"] == ASKED and each["data"]["order_id"] == order_id
    )
    return str(url)


async def test_a_webhook_alone_is_enough_to_ask_the_customer(told: Services) -> None:
    await told.provider.fail(when="after", path=INTENTS, status=500, times=1000)
    (order_id,) = await told.place(1, reserved=True, method=ASKS)
    url = await asked(told, order_id)
    assert not await nothing_due(told)
    await told.provider.answer_bank(url, "approval")
    await until(lambda: told.has("payments", "PaymentSucceeded", [order_id]))
    await told.provider.mend()
    await until(lambda: nothing_due(told))
    assert await told.types("payments", order_id) == [*PAID[:2], ASKED, PAID[2]]
    assert (await told.provider.ledger(order_id))["captured"] == PRICE.amount


async def test_a_bank_that_asks_for_the_customer_of_a_dead_order_is_never_answered(
    paying: Services,
) -> None:
    await paying.provider.fail(when="before", path=INTENTS, status=503, times=1000)
    (order_id,) = await paying.place(1, reserved=True, method=ASKS)
    await until(lambda: begun(paying))
    dead = OrderCancelled(order_id, Customer(), "timed out", "timed_out")
    await paying.bus.publish(recorded(dead, 2))
    await until(lambda: paying.has("payments", "PaymentClosed", [order_id]))
    await paying.provider.mend()
    await until(lambda: paying.has("payments", "PaymentVoided", [order_id]))
    await until(lambda: nothing_due(paying))
    ended = ["PaymentClosed", ASKED, "VoidStarted", "PaymentVoided"]
    assert await paying.types("payments", order_id) == [*PAID[:2], *ended]
    late = await paying.provider.answer_bank(await asked(paying, order_id), "approval")
    assert late.status_code == httpx.codes.CONFLICT
    assert (await paying.provider.ledger(order_id))["charges"] == []


async def begun(shop: Services) -> bool:
    return bool(await shop.rows("payments", "select 1 from calls where last_error is not null"))


async def test_a_webhook_twice_forged_or_old_changes_nothing(paying: Services) -> None:
    (order_id,) = await paying.place(1, reserved=True)
    await settled(paying, order_id)
    (charge,) = (await paying.provider.ledger(order_id))["charges"]
    now = int(time.time())
    assert await send(paying, order_id, charge["id"], SECRET, now) == httpx.codes.NO_CONTENT
    assert await send(paying, order_id, charge["id"], SECRET, now) == httpx.codes.NO_CONTENT
    assert await send(paying, order_id, charge["id"], "whsec_other", now) == httpx.codes.BAD_REQUEST
    assert await send(paying, order_id, "ch_2", SECRET, now - 3600) == httpx.codes.BAD_REQUEST
    await settled(paying, order_id)


async def test_a_forged_or_old_webhook_pays_nothing(paying: Services) -> None:
    await paying.provider.fail(when="before", path=INTENTS, status=503, times=1000)
    (order_id,) = await paying.place(1, reserved=True)
    await until(lambda: paying.has("payments", "PaymentStarted", [order_id]))
    now = int(time.time())
    assert await send(paying, order_id, "ch_1", "whsec_other", now) == httpx.codes.BAD_REQUEST
    assert await send(paying, order_id, "ch_1", SECRET, now - 3600) == httpx.codes.BAD_REQUEST
    assert await paying.types("payments", order_id) == PAID[:2]
    await paying.provider.mend()
    await settled(paying, order_id)


async def send(shop: Services, order_id: str, charge: str, secret: str, at: int) -> int:
    """Send a webhook that tells of a charge, signed with a secret at a time."""
    intent = {"id": "pi_1", "metadata": {"order_id": order_id}, "latest_charge": charge}
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": intent}}
    body = json.dumps({**event, "id": f"evt_{order_id}"})
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": signature(secret, body, at),
    }
    async with httpx.AsyncClient(base_url=shop.url("payments")) as http:
        return (await http.post("/payments/webhooks", content=body, headers=headers)).status_code


class FastClock:
    """The monotonic clock, and what has been added to it."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    async def pass_time(self, shop: Services, seconds: int, step: int = 5) -> None:
        """Let time pass for whoever waits to call the provider, in steps."""
        for _ in range(0, seconds, step):
            self.ahead += step
            await shop.rows("payments", SHIFT, step)
            await asyncio.sleep(0.03)


async def test_a_provider_down_for_10_minutes_holds_nobody_up_and_then_charges_all_once(
    made: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, clock = made, FastClock()
    monkeypatch.setattr(call_worker, "time", clock)
    monkeypatch.setattr(breaker, "time", clock)
    monkeypatch.setattr(call_worker, "POLL", 0.02)
    monkeypatch.setattr(calls, "_LONGEST_DELAY", 30.0)
    async with shop.running("inventory", "payments"):
        await shop.stock(100)
        shop.provider.stop()
        orders = await shop.place(8)
        await until(lambda: shop.has("payments", "PaymentStarted", orders))
        await clock.pass_time(shop, 300)
        await until(lambda: all_refused_unsent(shop))
        await asyncio.to_thread(shop.provider.start)
        await shop.provider.fail(when="before", path=INTENTS, status=503, times=10**6)
        later = await shop.place(8)
        await until(lambda: shop.has("inventory", "StockReserved", later))
        await until(lambda: shop.has("payments", "PaymentStarted", later))
        await clock.pass_time(shop, 300)
        assert not await shop.has("payments", "PaymentSucceeded", [orders[0]])
        await shop.provider.mend()
        await clock.pass_time(shop, 120)
        await settled(shop, *orders, *later)


async def all_refused_unsent(shop: Services) -> bool:
    found = await shop.rows("payments", "select attempts, last_error from calls")
    never_begun = {attempts for attempts, _ in found} == {0}
    return never_begun and any("circuit is open" in error for _, error in found)


@pytest.mark.parametrize("point", ["calls.claimed", "calls.called"])
async def test_a_process_killed_in_the_middle_of_a_call_charges_once(
    made: Services, point: str
) -> None:
    await made.start("payments", faults=f"{point}:kill")
    process = made.processes["payments"]
    (order_id,) = await made.place(1, reserved=True)
    assert await asyncio.to_thread(process.wait, 10) == -9
    assert bool((await made.provider.ledger(order_id))["charges"]) == (point == "calls.called")
    assert await made.types("payments", order_id) == PAID[:2]
    await made.rows("payments", "update calls set due_at = now()")  # the dead one's lease is over
    await made.start("payments")
    await settled(made, order_id)
    made.kill("payments")
