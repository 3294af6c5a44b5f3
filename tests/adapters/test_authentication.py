"""Charges that wait for the customer: approved, refused, given up; through the real SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import stripe
from msgspec.structs import replace

from ecommerce.adapters import payments
from ecommerce.adapters import provider as api
from ecommerce.aggregates.payments import (
    CompleteVoid,
    FailPayment,
    RequireAuthentication,
    SucceedPayment,
)
from ecommerce.events.payments import PaymentStarted, VoidStarted
from ecommerce.kernel import Event, Money
from ecommerce.store.calls import Call, KeySpent
from ecommerce.store.envelope import Recorded
from recording import recorded as recorded_at
from sandboxes import KEY, PaymentProvider

BACK = "https://shop.invalid/thanks"
ASKS = "pm_card_threeDSecure2Required"


@pytest.fixture
async def calls(provider: PaymentProvider) -> AsyncIterator[Mapping[type[Event], Call]]:
    async with payments.calls(provider.url, KEY, BACK) as calls:
        yield calls


@pytest.fixture
def order_id() -> str:
    return str(uuid4())


def recorded(event: Event) -> Recorded[Any]:
    return recorded_at(event, time=datetime.now(UTC))


class Waiting:
    """A charge that waits for its customer."""

    def __init__(
        self,
        calls: Mapping[type[Event], Call],
        provider: PaymentProvider,
        due: Recorded[Any],
        asked: RequireAuthentication,
    ) -> None:
        self._calls = calls
        self._provider = provider
        self.due = due
        self.order_id = asked.order_id
        self.asked = asked

    async def charge(self, due: Recorded[Any] | None = None) -> object:
        """Ask for the charge again, under the same key."""
        return await self._calls[PaymentStarted](due or self.due, self.order_id)

    async def void(self, key: str = "") -> object:
        """Ask the provider to forget it."""
        started = recorded(VoidStarted(self.order_id, self.asked.intent))
        return await self._calls[VoidStarted](started, f"{self.order_id}/void{key}")

    async def answer(self, word: str) -> None:
        """Answer as the customer does, who is then sent back to the shop."""
        answer = await self._provider.answer_bank(self.asked.url, word)
        assert answer.headers["location"].startswith(BACK)

    async def captured(self) -> int:
        return int((await self._provider.ledger(self.order_id))["captured"])


@pytest.fixture
async def waiting(
    calls: Mapping[type[Event], Call], provider: PaymentProvider, order_id: str
) -> Waiting:
    due = recorded(PaymentStarted(order_id, Money(1999, "GBP"), ASKS))
    asked = await calls[PaymentStarted](due, order_id)
    assert isinstance(asked, RequireAuthentication)
    return Waiting(calls, provider, due, asked)


async def test_a_charge_waits_for_its_customer_at_an_address(
    provider: PaymentProvider, waiting: Waiting
) -> None:
    assert waiting.asked.url == f"{provider.url}/_sandbox/authentications/{waiting.asked.intent}"
    assert await waiting.charge() == waiting.asked
    assert await waiting.captured() == 0


async def test_an_answer_that_is_replayed_tells_what_has_become_of_the_charge(
    waiting: Waiting,
) -> None:
    await waiting.answer("approval")
    assert isinstance(await waiting.charge(), SucceedPayment)
    assert await waiting.captured() == 1999


async def test_a_customer_who_refuses_has_not_paid(waiting: Waiting) -> None:
    await waiting.answer("refusal")
    failed = await waiting.charge()
    assert isinstance(failed, FailPayment)
    assert failed.code == "payment_intent_authentication_failure"
    assert failed.reason == "the payment was not authenticated"
    assert await waiting.captured() == 0


@pytest.mark.parametrize("answer", [None, "approval", "refusal"])
async def test_a_key_that_the_provider_has_forgotten_asks_nobody_again(
    provider: PaymentProvider, waiting: Waiting, answer: str | None
) -> None:
    if answer:
        await waiting.answer(answer)
    told = await waiting.charge()
    provider.forget_keys()
    old = replace(waiting.due, time=waiting.due.time - api.KEYS_LIVE - timedelta(minutes=1))
    assert await waiting.charge(old) == told


@pytest.mark.parametrize("answer", [None, "refusal"])
async def test_a_charge_that_is_voided_can_never_be_captured(
    provider: PaymentProvider, waiting: Waiting, answer: str | None
) -> None:
    if answer:
        await waiting.answer(answer)
    for _ in range(2):
        assert await waiting.void() == CompleteVoid(waiting.order_id)
    late = await provider.answer_bank(waiting.asked.url, "approval")
    assert late.status_code == 409
    assert "does not wait for this payment any more" in late.text
    assert await waiting.captured() == 0


async def test_a_customer_who_was_quicker_than_the_void_has_paid(waiting: Waiting) -> None:
    await waiting.answer("approval")
    paid = await waiting.charge()
    for _ in range(2):
        assert await waiting.void() == paid


async def test_a_void_of_what_is_cancelled_already_is_done(
    provider: PaymentProvider, waiting: Waiting
) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": provider.url})
    await asyncio.to_thread(client.v1.payment_intents.cancel, waiting.asked.intent)
    assert await waiting.void() == CompleteVoid(waiting.order_id)


async def test_an_unknown_outcome_of_a_void_raises_and_the_same_key_settles_it(
    provider: PaymentProvider, waiting: Waiting
) -> None:
    await provider.fail(when="after", status=500, times=api.RETRIES + 1)
    with pytest.raises(stripe.APIError):
        await waiting.void()
    assert await waiting.void() == CompleteVoid(waiting.order_id)


async def test_an_error_stored_under_the_key_of_a_void_spends_it(
    provider: PaymentProvider, waiting: Waiting
) -> None:
    await provider.fail(when="instead", status=500)
    with pytest.raises(KeySpent):
        await waiting.void("/1")
    assert await waiting.void("/2") == CompleteVoid(waiting.order_id)


async def test_a_void_of_what_the_provider_does_not_know_raises(
    calls: Mapping[type[Event], Call], order_id: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await calls[VoidStarted](recorded(VoidStarted(order_id, "pi_0")), order_id)


async def test_a_customer_who_can_be_asked_nowhere_is_not_waited_for(
    provider: PaymentProvider, calls: Mapping[type[Event], Call], order_id: str
) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": provider.url})
    by_hand: Any = {"amount": 1999, "currency": "gbp", "payment_method": ASKS, "confirm": True}
    by_hand |= {"metadata": {"order_id": order_id}}
    made = await asyncio.to_thread(client.v1.payment_intents.create, by_hand)
    due = PaymentStarted(order_id, Money(1999, "GBP"), ASKS)
    await provider.fail(when="instead", status=500)
    for _ in range(2):
        failed = await calls[PaymentStarted](recorded(due), order_id)
        assert isinstance(failed, FailPayment)
        assert failed.code == "authentication_required"
    found = await asyncio.to_thread(client.v1.payment_intents.retrieve, made.id)
    assert found.status == "canceled"
