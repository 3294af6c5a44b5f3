"""What the payment provider tells by itself, and who is not believed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from ecommerce.adapters.payments.webhooks import BadSignature, WebhookEvent, parse_webhook
from ecommerce.aggregates.payments import FailPayment, RequireAuthentication, SucceedPayment
from ecommerce.sandbox.webhooks import signature
from sandboxes import SECRET

Parse = Callable[[bytes, str], WebhookEvent]


@pytest.fixture
def parse() -> Parse:
    return parse_webhook(SECRET)


def webhook(kind: str, **intent: Any) -> str:
    thing = {"id": "pi_1", "latest_charge": "ch_1", "metadata": {"order_id": "7"}} | intent
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}})


def signed(body: str, at: float | None = None, secret: str = SECRET) -> tuple[bytes, str]:
    return body.encode(), signature(secret, body, int(time.time() if at is None else at))


def test_a_success_by_webhook_is_the_same_as_by_the_call(parse: Parse) -> None:
    event = parse(*signed(webhook("payment_intent.succeeded")))
    assert event == WebhookEvent("evt_1", SucceedPayment("7", "ch_1"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
        ({"code": "expired_card"}, "expired_card"),
        (
            {"code": "payment_intent_authentication_failure"},
            "payment_intent_authentication_failure",
        ),
        (None, "card_declined"),
    ],
)
def test_a_failure_by_webhook_is_the_same_as_by_the_call(
    parse: Parse, error: object, code: str
) -> None:
    event = parse(*signed(webhook("payment_intent.payment_failed", last_payment_error=error)))
    assert isinstance(event.command, FailPayment)
    assert event.command.code == code


def test_a_bank_that_asks_for_the_customer_by_webhook_is_the_same_as_by_the_call(
    parse: Parse,
) -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.invalid/1"}}
    event = parse(*signed(webhook("payment_intent.requires_action", next_action=action)))
    assert event.command == RequireAuthentication("7", "pi_1", "https://bank.invalid/1")


def test_a_payment_that_somebody_cancelled_at_the_provider_has_failed(parse: Parse) -> None:
    event = parse(*signed(webhook("payment_intent.canceled", cancellation_reason="duplicate")))
    assert isinstance(event.command, FailPayment)
    assert event.command.code == "authentication_required"


@pytest.mark.parametrize(
    "body",
    [
        webhook("payment_intent.canceled", cancellation_reason="abandoned"),
        webhook("payment_intent.requires_action", next_action={"type": "use_stripe_sdk"}),
        webhook("payment_intent.created"),
        webhook("refund.created"),
        webhook("payment_intent.succeeded", metadata={}),
    ],
)
def test_other_webhooks_change_nothing(parse: Parse, body: str) -> None:
    assert parse(*signed(body)) == WebhookEvent("evt_1", None)


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
    with pytest.raises(BadSignature):
        parse(*given)


def test_without_a_secret_nothing_is_taken() -> None:
    with pytest.raises(BadSignature):
        parse_webhook("")(*signed(webhook("payment_intent.succeeded"), secret=""))
