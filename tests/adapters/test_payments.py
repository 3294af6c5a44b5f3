"""Charges and refunds, through the real SDK and the sandbox provider."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe
from msgspec.structs import replace

from ecommerce.adapters import payments
from ecommerce.adapters import provider as api
from ecommerce.aggregates.payments import CompleteRefund, FailPayment, SucceedPayment
from ecommerce.events.payments import PaymentStarted, RefundStarted
from ecommerce.kernel import Event, Money
from ecommerce.store.calls import Call, KeySpent, NotBegun
from ecommerce.store.envelope import Cause, Recorded
from sandboxes import KEY, PaymentProvider, free_port, running
from writing import until

BACK = "https://shop.invalid/"


@pytest.fixture
async def calls(provider: PaymentProvider) -> AsyncIterator[Mapping[type[Event], Call]]:
    async with payments.calls(provider.url, KEY, BACK) as calls:
        yield calls


@pytest.fixture
def charge(calls: Mapping[type[Event], Call]) -> Call:
    return calls[PaymentStarted]


@pytest.fixture
def refund(calls: Mapping[type[Event], Call]) -> Call:
    return calls[RefundStarted]


@pytest.fixture
def order_id() -> str:
    return str(uuid4())


def recorded(event: Any, age: timedelta = timedelta()) -> Recorded[Any]:
    stream = f"payment-{event.order_id}"
    cause = Cause(event.order_id, f"reservation-{event.order_id}@1", "policy:payments")
    return Recorded(event, "payments", stream, 2, 2, datetime.now(UTC) - age, cause)


def due(order_id: str, method: str = "pm_card_visa", currency: str = "GBP") -> Recorded[Any]:
    return recorded(PaymentStarted(order_id, Money(1999, currency), method))


async def charged(provider: PaymentProvider, order_id: str) -> bool:
    return bool((await provider.ledger(order_id))["charges"])


async def test_a_charge_succeeds_under_its_key_once(
    provider: PaymentProvider, charge: Call, order_id: str
) -> None:
    outcomes = await asyncio.gather(*(charge(due(order_id), order_id) for _ in range(4)))
    (made,) = (await provider.ledger(order_id))["charges"]
    assert outcomes == [SucceedPayment(order_id, made["id"])] * 4
    assert (made["amount"], made["currency"]) == (1999, "gbp")


@pytest.mark.parametrize(
    ("method", "code", "reason"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline", "the card was declined"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "insufficient_funds",
            "the card has insufficient funds",
        ),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "the card has expired"),
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card", "the card was declined"),
        (
            "pm_card_chargeDeclinedIncorrectCvc",
            "incorrect_cvc",
            "the card's security code is wrong",
        ),
        ("pm_nope", "resource_missing", "the payment method is not known"),
    ],
)
async def test_a_refusal_for_good_is_a_failed_payment(
    provider: PaymentProvider,
    charge: Call,
    order_id: str,
    method: str,
    code: str,
    reason: str,
) -> None:
    for _ in range(2):
        outcome = await charge(due(order_id, method), order_id)
        assert outcome == FailPayment(order_id, code, reason)
    assert (await provider.ledger(order_id))["captured"] == 0


async def test_many_declines_do_not_open_the_circuit(charge: Call, order_id: str) -> None:
    for n in range(api.FAILURES + 1):
        await charge(due(order_id, "pm_card_visa_chargeDeclined"), f"{order_id}/{n}")
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)


async def test_an_unknown_outcome_raises_and_the_same_key_settles_it(
    provider: PaymentProvider, charge: Call, order_id: str
) -> None:
    await provider.fail(when="after", status=500, times=api.RETRIES + 1)
    with pytest.raises(stripe.APIError):
        await charge(due(order_id), order_id)
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)
    assert len((await provider.ledger(order_id))["charges"]) == 1


async def test_an_error_stored_under_the_key_spends_it_and_a_new_key_charges(
    provider: PaymentProvider, charge: Call, order_id: str
) -> None:
    await provider.fail(when="instead", status=500)
    for _ in range(2):
        with pytest.raises(KeySpent):
            await charge(due(order_id), f"{order_id}/1")
    assert (await provider.ledger(order_id))["charges"] == []
    assert isinstance(await charge(due(order_id), f"{order_id}/2"), SucceedPayment)
    assert len((await provider.ledger(order_id))["charges"]) == 1


async def test_an_error_stored_under_the_key_of_a_charge_that_was_made_spends_nothing(
    provider: PaymentProvider, charge: Call, order_id: str
) -> None:
    made = await charge(due(order_id), f"{order_id}/1")
    await provider.fail(when="instead", status=500)
    assert await charge(due(order_id), f"{order_id}/2") == made
    assert len((await provider.ledger(order_id))["charges"]) == 1


async def test_many_stored_errors_do_not_open_the_circuit(
    provider: PaymentProvider, charge: Call, order_id: str
) -> None:
    await provider.fail(when="instead", status=500, times=api.FAILURES + 1)
    for n in range(api.FAILURES + 1):
        with pytest.raises(KeySpent):
            await charge(due(order_id), f"{order_id}/{n}")
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)


async def test_a_key_that_the_provider_has_forgotten_charges_nobody_again(
    provider: PaymentProvider, charge: Call, order_id: str
) -> None:
    owed = due(order_id)
    made = await charge(owed, order_id)
    provider.forget_keys()
    old = replace(owed, time=owed.time - api.KEYS_LIVE - timedelta(minutes=1))
    assert await charge(old, order_id) == made
    assert len((await provider.ledger(order_id))["charges"]) == 1


async def test_a_charge_that_is_old_and_was_never_made_is_made(charge: Call, order_id: str) -> None:
    owed = recorded(PaymentStarted(order_id, Money(1999, "GBP"), "pm_card_visa"), timedelta(days=3))
    assert isinstance(await charge(owed, order_id), SucceedPayment)


@pytest.mark.parametrize(
    ("status", "error"), [(429, stripe.RateLimitError), (503, stripe.APIError)]
)
async def test_a_provider_that_is_too_busy_raises(
    provider: PaymentProvider,
    charge: Call,
    order_id: str,
    status: int,
    error: type[Exception],
) -> None:
    await provider.fail(when="before", status=status, times=api.RETRIES + 1)
    with pytest.raises(error):
        await charge(due(order_id), order_id)
    await provider.mend()
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)


async def test_a_wrong_api_key_is_our_fault_and_fails_no_payment(
    provider: PaymentProvider, order_id: str
) -> None:
    async with payments.calls(provider.url, "sk_test_other", BACK) as calls:
        with pytest.raises(stripe.AuthenticationError):
            await calls[PaymentStarted](due(order_id), order_id)


async def test_a_key_used_for_another_charge_of_the_order_tells_of_that_one(
    charge: Call, order_id: str
) -> None:
    made = await charge(due(order_id), order_id)
    assert await charge(due(order_id, currency="EUR"), order_id) == made


async def test_a_request_that_we_got_wrong_fails_no_payment(charge: Call, order_id: str) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await charge(recorded(PaymentStarted(order_id, Money(-1, "GBP"), "pm_card_visa")), order_id)


async def test_a_dead_provider_is_not_asked_again_and_again(order_id: str) -> None:
    async with payments.calls(f"http://127.0.0.1:{free_port()}", KEY, BACK) as calls:
        for _ in range(api.FAILURES):
            with pytest.raises(NotBegun) as refused:
                await calls[PaymentStarted](due(order_id), order_id)
            assert refused.value.seconds == api.PAUSE
        with pytest.raises(NotBegun) as refused:
            await calls[PaymentStarted](due(order_id), order_id)
        assert 4 < refused.value.seconds <= api.REOPENS_AFTER.total_seconds()


async def test_what_was_sent_once_is_begun_though_the_retry_was_refused(
    tmp_path: Path, order_id: str
) -> None:
    provider = PaymentProvider(tmp_path / "provider.sqlite")
    with running(provider):
        await provider.fail(when="after", delay=60)
        async with payments.calls(provider.url, KEY, BACK) as calls:
            charging = asyncio.ensure_future(calls[PaymentStarted](due(order_id), order_id))
            await until(lambda: charged(provider, order_id))
            provider.stop(signal.SIGKILL)
            with pytest.raises(stripe.APIConnectionError):
                await charging
        provider.start()


async def test_a_refund_gives_back_once_what_was_captured(
    provider: PaymentProvider, charge: Call, refund: Call, order_id: str
) -> None:
    paid = await charge(due(order_id), order_id)
    assert isinstance(paid, SucceedPayment)
    owed = recorded(RefundStarted(order_id, Money(1999, "GBP"), paid.charge))
    outcomes = [await refund(owed, f"{order_id}/refund") for _ in range(2)]
    ledger = await provider.ledger(order_id)
    assert outcomes == [CompleteRefund(order_id, ledger["refunds"][0]["id"])] * 2
    assert (ledger["captured"], ledger["refunded"]) == (1999, 1999)


async def test_a_refund_of_an_intent_is_a_refund_of_its_charge(
    provider: PaymentProvider, charge: Call, refund: Call, order_id: str
) -> None:
    await charge(due(order_id), order_id)
    (made,) = (await provider.ledger(order_id))["charges"]
    owed = RefundStarted(order_id, Money(1999, "GBP"), made["payment_intent"])
    assert isinstance(await refund(recorded(owed), f"{order_id}/refund"), CompleteRefund)


async def test_a_refund_that_is_refused_raises(charge: Call, refund: Call, order_id: str) -> None:
    paid = await charge(due(order_id), order_id)
    assert isinstance(paid, SucceedPayment)
    too_much = recorded(RefundStarted(order_id, Money(2000, "GBP"), paid.charge))
    with pytest.raises(stripe.InvalidRequestError):
        await refund(too_much, f"{order_id}/refund")


async def test_a_refund_that_was_made_by_hand_is_done(
    provider: PaymentProvider, charge: Call, refund: Call, order_id: str
) -> None:
    paid = await charge(due(order_id), order_id)
    assert isinstance(paid, SucceedPayment)
    client = stripe.StripeClient(KEY, base_addresses={"api": provider.url})
    by_hand = await asyncio.to_thread(client.v1.refunds.create, {"charge": paid.charge})
    owed = recorded(RefundStarted(order_id, Money(1999, "GBP"), paid.charge))
    assert await refund(owed, f"{order_id}/refund") == CompleteRefund(order_id, by_hand.id)


async def test_an_error_stored_under_the_key_of_a_refund_spends_it(
    provider: PaymentProvider, charge: Call, refund: Call, order_id: str
) -> None:
    paid = await charge(due(order_id), order_id)
    assert isinstance(paid, SucceedPayment)
    owed = recorded(RefundStarted(order_id, Money(1999, "GBP"), paid.charge))
    await provider.fail(when="instead", status=500)
    with pytest.raises(KeySpent):
        await refund(owed, "refund/1")
    assert isinstance(await refund(owed, "refund/2"), CompleteRefund)
    assert (await provider.ledger(order_id))["refunded"] == 1999
