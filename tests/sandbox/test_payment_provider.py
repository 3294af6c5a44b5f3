"""The sandbox provider as the real SDK sees it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe
from aiohttp import web

from paying import pay, sdk
from sandboxes import SECRET, PaymentProvider, free_port, running

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
def name() -> str:
    return f"o-{uuid4()}"


@pytest.fixture
async def client(provider: PaymentProvider) -> AsyncIterator[stripe.StripeClient]:
    async with sdk(provider.url, max_network_retries=0) as client:
        yield client


class Shop:
    """Takes webhooks, or refuses them, and keeps what it took."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/webhooks"
        self.refuses = 0
        self.refused = 0
        self.taken: list[stripe.Event] = []
        self._came = asyncio.Condition()

    async def receive(self, request: web.Request) -> web.Response:
        body, signature = await request.read(), request.headers["stripe-signature"]
        async with self._came:
            if self.refused < self.refuses:
                self.refused += 1
                self._came.notify_all()
                return web.Response(status=503)
            event = stripe.Webhook.construct_event(body, signature, SECRET)
            self.taken.append(event)
            self._came.notify_all()
            return web.Response()

    async def until(self, holds: Callable[[Shop], bool]) -> None:
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: holds(self))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@asynccontextmanager
async def open_shop(shop: Shop) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_post("/webhooks", shop.receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", shop.port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def test_a_good_card_is_charged_at_once(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    intent = await pay(client, name)
    assert (intent.status, intent.amount_received) == ("succeeded", 1999)
    assert (await provider.ledger(name))["captured"] == 1999
    found = await client.v1.payment_intents.retrieve_async(intent.id)
    assert found.latest_charge == intent.latest_charge


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        (DECLINED, "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        (
            "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            "card_velocity_exceeded",
        ),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
async def test_bad_cards_are_declined(
    client: stripe.StripeClient, name: str, method: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        await pay(client, name, payment_method=method)
    assert declined.value.error
    assert (declined.value.code, declined.value.error.decline_code) == (code, decline_code)


async def test_a_declined_intent_takes_another_card(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        await pay(client, name, payment_method=DECLINED)
    assert (await provider.ledger(name))["captured"] == 0
    assert declined.value.error
    assert declined.value.error.payment_intent
    intent = await client.v1.payment_intents.confirm_async(
        declined.value.error.payment_intent.id, {"payment_method": "pm_card_mastercard"}
    )
    assert intent.status == "succeeded"
    assert (await provider.ledger(name))["captured"] == 1999


async def test_an_intent_need_not_be_confirmed_at_once(
    client: stripe.StripeClient, name: str
) -> None:
    intent = await pay(client, name, confirm=False)
    assert intent.status == "requires_confirmation"
    assert (await client.v1.payment_intents.confirm_async(intent.id)).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="status is succeeded") as refused:
        await client.v1.payment_intents.cancel_async(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payment_method": "pm_nope"}, "resource_missing"),
        ({"amount": 0}, "parameter_invalid_integer"),
        ({"currency": "GBP"}, None),
        ({"capture_method": "manual"}, "parameter_unknown"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_its_key_is_free_again(
    client: stripe.StripeClient, name: str, change: Any, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await pay(client, name, key=name, **change)
    assert refused.value.code == code
    assert (await pay(client, name, key=name)).status == "succeeded"


async def test_the_same_key_at_the_same_time_charges_once(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    intents = await asyncio.gather(*(pay(client, name, key=name) for _ in range(8)))
    assert len({intent.id for intent in intents}) == 1
    assert len((await provider.ledger(name))["charges"]) == 1


async def test_a_decline_is_what_its_key_is_answered_again(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            await pay(client, name, key=name, payment_method=DECLINED)
    assert len((await provider.ledger(name))["charges"]) == 1


async def test_the_same_key_for_another_request_is_refused(
    client: stripe.StripeClient, name: str
) -> None:
    await pay(client, name, key=name)
    with pytest.raises(stripe.IdempotencyError):
        await pay(client, name, key=name, amount=1)


async def test_a_wrong_api_key_is_refused(provider: PaymentProvider, name: str) -> None:
    async with sdk(provider.url, "sk_test_other") as client:
        with pytest.raises(stripe.AuthenticationError):
            await pay(client, name)


async def test_no_more_is_refunded_than_was_captured(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    intent = await pay(client, name)
    charge = str(intent.latest_charge)
    await client.v1.refunds.create_async({"charge": charge, "amount": 1500})
    with pytest.raises(stripe.InvalidRequestError, match="greater than the unrefunded amount"):
        await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 500})
    await client.v1.refunds.create_async({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await client.v1.refunds.create_async({"charge": charge})
    assert refused.value.code == "charge_already_refunded"
    ledger = await provider.ledger(name)
    assert (ledger["captured"], ledger["refunded"], len(ledger["refunds"])) == (1999, 1999, 2)


async def test_nothing_is_refunded_that_was_not_captured(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    with pytest.raises(stripe.CardError):
        await pay(client, name, payment_method=DECLINED)
    (charge,) = (await provider.ledger(name))["charges"]
    for of in ("charge", "payment_intent"):
        named: Any = {of: charge["id"] if of == "charge" else charge[of]}
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.refunds.create_async(named)


async def test_lists_come_newest_first_in_pages(client: stripe.StripeClient) -> None:
    made = [await pay(client, f"o-{n}") for n in range(5)]
    page = await client.v1.payment_intents.list_async({"limit": 2})
    assert page.has_more
    seen = [intent.id async for intent in page.auto_paging_iter()]
    assert seen[:5] == [intent.id for intent in reversed(made)]
    later = {"created": {"gt": made[4].created + 3600}}
    assert not (await client.v1.payment_intents.list_async(later)).data  # type: ignore[arg-type] # a literal
    charges = await client.v1.charges.list_async({"payment_intent": made[3].id})
    assert [charge.id for charge in charges.data] == [made[3].latest_charge]


@pytest.mark.parametrize(("when", "charges"), [("before", 0), ("after", 1)])
async def test_an_error_before_the_commit_leaves_nothing_and_after_it_leaves_the_charge(
    client: stripe.StripeClient, provider: PaymentProvider, name: str, when: str, charges: int
) -> None:
    await provider.fail(when=when, path="payment_intents", status=500)
    with pytest.raises(stripe.APIError):
        await pay(client, name, key=name)
    assert len((await provider.ledger(name))["charges"]) == charges
    await pay(client, name, key=name)
    assert len((await provider.ledger(name))["charges"]) == 1


async def test_an_error_instead_is_what_the_key_is_answered_for_good(
    client: stripe.StripeClient, provider: PaymentProvider, name: str
) -> None:
    await provider.fail(when="instead", status=500)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await pay(client, name, key=name)
    await pay(client, name, key=f"{name}/2")
    assert len((await provider.ledger(name))["charges"]) == 1


async def test_a_slow_answer_is_asked_for_again_by_the_sdk_and_charges_once(
    provider: PaymentProvider, name: str
) -> None:
    await provider.fail(when="after", delay=1.0)
    async with sdk(provider.url, timeout=0.2, max_network_retries=1) as client:
        assert (await pay(client, name)).status == "succeeded"
    assert len((await provider.ledger(name))["charges"]) == 1


async def test_all_is_kept_when_the_process_is_killed(
    tmp_path: Path, shop: Shop, name: str
) -> None:
    with running(provider := PaymentProvider(tmp_path / "provider.sqlite", shop.url)):
        async with sdk(provider.url, max_network_retries=1) as client:
            intent = await pay(client, name, key=name)
            provider.stop(signal.SIGKILL)
            async with open_shop(shop):
                provider.start()
                await shop.until(lambda shop: len(shop.taken) == 1)
            assert shop.taken[0].data.object["id"] == intent.id
            assert (await pay(client, name, key=name)).id == intent.id
            await client.v1.refunds.create_async({"payment_intent": intent.id})
        ledger = await provider.ledger(name)
    assert (ledger["captured"], ledger["refunded"], len(ledger["charges"])) == (1999, 1999, 1)


async def test_webhooks_are_signed_and_sent_until_they_are_taken(
    tmp_path: Path, shop: Shop, name: str
) -> None:
    shop.refuses = 2
    with running(provider := PaymentProvider(tmp_path / "provider.sqlite", shop.url)):
        async with open_shop(shop), sdk(provider.url) as client:
            intent = await pay(client, name)
            with pytest.raises(stripe.CardError):
                await pay(client, name, payment_method=DECLINED)
            await client.v1.refunds.create_async({"payment_intent": intent.id})
            await shop.until(lambda shop: len(shop.taken) == 3)
    told = {event.type: event.data.object for event in shop.taken}
    assert told["payment_intent.succeeded"]["latest_charge"] == intent.latest_charge
    failed = told["payment_intent.payment_failed"]
    assert failed["metadata"]["order_id"] == name
    assert failed["last_payment_error"]["decline_code"] == "generic_decline"
    assert told["refund.created"]["payment_intent"] == intent.id
