"""Charges, refunds and webhooks, through the real SDK and the sandbox provider."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import stripe
from aiobreaker import CircuitBreakerError

from ecommerce.adapters import payments
from ecommerce.aggregates.payments import CompleteRefund, FailPayment, SucceedPayment
from ecommerce.events.payments import PaymentStarted, RefundStarted
from ecommerce.kernel import Event, Money
from ecommerce.sandbox.webhooks import signature
from ecommerce.store.envelope import Cause, Recorded
from sandboxes import KEY, SECRET, PaymentProvider, free_port, running


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaymentProvider]:
    provider = PaymentProvider(tmp_path_factory.mktemp("provider") / "provider.sqlite")
    with running(provider):
        yield provider


@pytest.fixture
async def calls(provider: PaymentProvider) -> AsyncIterator[Mapping[type[Event], payments.Call]]:
    async with payments.calls(provider.url, KEY) as calls:
        yield calls


@pytest.fixture
def charge(calls: Mapping[type[Event], payments.Call]) -> payments.Call:
    return calls[PaymentStarted]


@pytest.fixture
def refund(calls: Mapping[type[Event], payments.Call]) -> payments.Call:
    return calls[RefundStarted]


@pytest.fixture
def order_id() -> str:
    return str(uuid4())


def recorded(event: Any) -> Recorded[Any]:
    stream = f"payment-{event.order_id}"
    cause = Cause(event.order_id, f"reservation-{event.order_id}@1", "policy:payments")
    return Recorded(event, "payments", stream, 2, 2, datetime.now(UTC), cause)


def due(order_id: str, method: str = "pm_card_visa", currency: str = "GBP") -> Recorded[Any]:
    return recorded(PaymentStarted(order_id, Money(1999, currency), method))


async def test_a_charge_succeeds_under_its_key_once(
    provider: PaymentProvider, charge: payments.Call, order_id: str
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
        ("pm_nope", "resource_missing", "the payment method is not known"),
    ],
)
async def test_a_refusal_for_good_is_a_failed_payment(
    provider: PaymentProvider,
    charge: payments.Call,
    order_id: str,
    method: str,
    code: str,
    reason: str,
) -> None:
    for _ in range(2):
        outcome = await charge(due(order_id, method), order_id)
        assert outcome == FailPayment(order_id, code, reason)
    assert (await provider.ledger(order_id))["captured"] == 0


async def test_many_declines_do_not_open_the_circuit(charge: payments.Call, order_id: str) -> None:
    for n in range(payments.FAILURES + 1):
        await charge(due(order_id, "pm_card_visa_chargeDeclined"), f"{order_id}/{n}")
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)


async def test_a_charge_that_needs_its_owner_fails_and_can_never_be_captured(
    provider: PaymentProvider, charge: payments.Call, order_id: str
) -> None:
    for _ in range(2):
        outcome = await charge(due(order_id, "pm_card_authenticationRequired"), order_id)
        assert isinstance(outcome, FailPayment)
        assert outcome.code == "authentication_required"
    client = stripe.StripeClient(KEY, base_addresses={"api": provider.url})
    newest = await asyncio.to_thread(client.v1.payment_intents.list, {"limit": 1})
    assert [intent.status for intent in newest.data] == ["canceled"]


async def test_an_unknown_outcome_raises_and_the_same_key_settles_it(
    provider: PaymentProvider, charge: payments.Call, order_id: str
) -> None:
    await provider.fail(when="after", status=500, times=payments.RETRIES + 1)
    with pytest.raises(stripe.APIError):
        await charge(due(order_id), order_id)
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)
    assert len((await provider.ledger(order_id))["charges"]) == 1


async def test_an_error_stored_under_the_key_raises(
    provider: PaymentProvider, charge: payments.Call, order_id: str
) -> None:
    await provider.fail(when="instead", status=500)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await charge(due(order_id), order_id)
    assert (await provider.ledger(order_id))["charges"] == []


@pytest.mark.parametrize(
    ("status", "error"), [(429, stripe.RateLimitError), (503, stripe.APIError)]
)
async def test_a_provider_that_is_too_busy_raises(
    provider: PaymentProvider,
    charge: payments.Call,
    order_id: str,
    status: int,
    error: type[Exception],
) -> None:
    await provider.fail(when="before", status=status, times=payments.RETRIES + 1)
    with pytest.raises(error):
        await charge(due(order_id), order_id)
    await provider.mend()
    assert isinstance(await charge(due(order_id), order_id), SucceedPayment)


async def test_a_wrong_api_key_is_our_fault_and_fails_no_payment(
    provider: PaymentProvider, order_id: str
) -> None:
    async with payments.calls(provider.url, "sk_test_other") as calls:
        with pytest.raises(stripe.AuthenticationError):
            await calls[PaymentStarted](due(order_id), order_id)


async def test_a_key_used_for_another_charge_raises(charge: payments.Call, order_id: str) -> None:
    await charge(due(order_id), order_id)
    with pytest.raises(stripe.IdempotencyError):
        await charge(due(order_id, currency="EUR"), order_id)


async def test_a_dead_provider_is_not_asked_again_and_again(
    order_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments, "RETRIES", 0)
    async with payments.calls(f"http://127.0.0.1:{free_port()}", KEY) as calls:
        for _ in range(payments.FAILURES):
            with pytest.raises(stripe.APIConnectionError):
                await calls[PaymentStarted](due(order_id), order_id)
        with pytest.raises(CircuitBreakerError):
            await calls[PaymentStarted](due(order_id), order_id)


async def test_a_refund_gives_back_once_what_was_captured(
    provider: PaymentProvider, charge: payments.Call, refund: payments.Call, order_id: str
) -> None:
    paid = await charge(due(order_id), order_id)
    assert isinstance(paid, SucceedPayment)
    owed = recorded(RefundStarted(order_id, Money(1999, "GBP"), paid.charge))
    outcomes = [await refund(owed, f"{order_id}/refund") for _ in range(2)]
    ledger = await provider.ledger(order_id)
    assert outcomes == [CompleteRefund(order_id, ledger["refunds"][0]["id"])] * 2
    assert (ledger["captured"], ledger["refunded"]) == (1999, 1999)


async def test_a_refund_of_an_intent_is_a_refund_of_its_charge(
    provider: PaymentProvider, charge: payments.Call, refund: payments.Call, order_id: str
) -> None:
    await charge(due(order_id), order_id)
    (made,) = (await provider.ledger(order_id))["charges"]
    owed = RefundStarted(order_id, Money(1999, "GBP"), made["payment_intent"])
    assert isinstance(await refund(recorded(owed), f"{order_id}/refund"), CompleteRefund)


async def test_a_refund_that_is_refused_raises(
    charge: payments.Call, refund: payments.Call, order_id: str
) -> None:
    paid = await charge(due(order_id), order_id)
    assert isinstance(paid, SucceedPayment)
    too_much = recorded(RefundStarted(order_id, Money(2000, "GBP"), paid.charge))
    with pytest.raises(stripe.InvalidRequestError):
        await refund(too_much, f"{order_id}/refund")


Parse = Callable[[bytes, str], payments.WebhookEvent]


@pytest.fixture
def parse() -> Parse:
    return payments.parse_webhook(SECRET)


def webhook(kind: str, **intent: Any) -> str:
    thing = {"id": "pi_1", "latest_charge": "ch_1", "metadata": {"order_id": "7"}} | intent
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}})


def signed(body: str, at: float | None = None, secret: str = SECRET) -> tuple[bytes, str]:
    return body.encode(), signature(secret, body, int(time.time() if at is None else at))


def test_a_success_by_webhook_is_the_same_as_by_the_call(parse: Parse) -> None:
    event = parse(*signed(webhook("payment_intent.succeeded")))
    assert event == payments.WebhookEvent("evt_1", SucceedPayment("7", "ch_1"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
        ({"code": "expired_card"}, "expired_card"),
        (None, "card_declined"),
    ],
)
def test_a_failure_by_webhook_is_the_same_as_by_the_call(
    parse: Parse, error: object, code: str
) -> None:
    event = parse(*signed(webhook("payment_intent.payment_failed", last_payment_error=error)))
    assert isinstance(event.command, FailPayment)
    assert event.command.code == code


@pytest.mark.parametrize(
    "body",
    [
        webhook("payment_intent.created"),
        webhook("refund.created"),
        webhook("payment_intent.succeeded", metadata={}),
    ],
)
def test_other_webhooks_change_nothing(parse: Parse, body: str) -> None:
    assert parse(*signed(body)) == payments.WebhookEvent("evt_1", None)


@pytest.mark.parametrize(
    "given",
    [
        signed(webhook("payment_intent.succeeded"), secret="whsec_other"),  # noqa: S106 # wrong on purpose
        signed(webhook("payment_intent.succeeded"), at=time.time() - 3600),
        (webhook("payment_intent.succeeded").encode(), ""),
        (webhook("payment_intent.succeeded").encode(), "nonsense"),
        (b"\xff", "t=1,v1=00"),
        signed("{}"),
        signed("nonsense"),
    ],
)
def test_what_is_not_signed_by_the_provider_is_refused(
    parse: Parse, given: tuple[bytes, str]
) -> None:
    with pytest.raises(payments.BadSignature):
        parse(*given)


def test_without_a_secret_nothing_is_taken() -> None:
    with pytest.raises(payments.BadSignature):
        payments.parse_webhook("")(*signed(webhook("payment_intent.succeeded"), secret=""))
