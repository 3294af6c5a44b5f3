"""Charges and refunds through the payment provider, and reads what it says by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, TypeAlias

import aiohttp
import msgspec
import stripe
from msgspec import Raw
from stripe.params import RefundCreateParams

from ecommerce.adapters import declines
from ecommerce.adapters.breaker import Breaker
from ecommerce.aggregates.payments import CompleteRefund, FailPayment, SucceedPayment
from ecommerce.events.payments import PaymentStarted, RefundStarted
from ecommerce.kernel import Event, OrderId, Value
from ecommerce.store.envelope import Recorded

Outcome: TypeAlias = SucceedPayment | FailPayment
Call: TypeAlias = Callable[[Recorded[Any], str], Awaitable[Outcome | CompleteRefund]]

TIMEOUT: Final = aiohttp.ClientTimeout(total=20, sock_connect=2)
"""Seconds; a charge takes the provider a few."""
RETRIES: Final = 1
"""By the SDK, under the same idempotency key; the worker's own come after."""
FAILURES: Final = 5
REOPENS_AFTER: Final = timedelta(seconds=5)
TOLERANCE: Final = 300
"""Seconds that a webhook's signature is good for."""


class Unsettled(Exception):
    """The provider has not decided yet: ask again under the same key."""


class BadSignature(Exception):
    """The webhook is not signed with our secret, too old, or not readable. Refuse it."""


class WebhookEvent(Value, frozen=True):
    """What the provider says by itself; most of it changes nothing and has no command."""

    id: str
    command: Outcome | None


@asynccontextmanager
async def calls(url: str, key: str) -> AsyncIterator[Mapping[type[Event], Call]]:
    """Give the handlers of this context's calls, over one kept session and one breaker."""
    breaker = Breaker(
        fail_max=FAILURES,
        timeout_duration=REOPENS_AFTER,
        exclude=[Unsettled, stripe.InvalidRequestError, stripe.IdempotencyError],
        name="payment provider",
    )
    async with aiohttp.ClientSession() as session:
        client = stripe.StripeClient(
            key,
            base_addresses={"api": url},
            http_client=stripe.AIOHTTPClient(timeout=TIMEOUT, session=session),
            max_network_retries=RETRIES,
        )
        yield {PaymentStarted: charge(client, breaker), RefundStarted: refund(client, breaker)}


def charge(client: stripe.StripeClient, breaker: Breaker) -> Call:
    """Make the handler of `PaymentStarted`.

    A refusal for good is an answer; whatever leaves open what became of the charge raises, so that
    it is asked again under the same key.
    """

    async def handle(recorded: Recorded[PaymentStarted], key: str) -> Outcome:
        return await breaker.call_async(_charge, client, recorded.event, key)

    return handle


def refund(client: stripe.StripeClient, breaker: Breaker) -> Call:
    """Make the handler of `RefundStarted`. It raises until the customer has the money back."""

    async def handle(recorded: Recorded[RefundStarted], key: str) -> CompleteRefund:
        return await breaker.call_async(_refund, client, recorded.event, key)

    return handle


async def _charge(client: stripe.StripeClient, due: PaymentStarted, key: str) -> Outcome:
    try:
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": due.amount.amount,
                "currency": due.amount.currency.lower(),
                "payment_method": due.payment_method,
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "metadata": {"order_id": due.order_id},
            },
            {"idempotency_key": key},
        )
    except stripe.CardError as refusal:
        return _failed(due.order_id, _decline_code(refusal) or refusal.code)
    except stripe.InvalidRequestError as refusal:
        return _failed(due.order_id, refusal.code)
    return await _settle(client, due.order_id, intent, key)


async def _settle(
    client: stripe.StripeClient, order_id: OrderId, intent: stripe.PaymentIntent, key: str
) -> Outcome:
    if intent.status != "succeeded":  # an answer that is replayed tells what was, not what is
        intent = await client.v1.payment_intents.retrieve_async(intent.id)
    if intent.status == "requires_action":
        options: stripe.RequestOptions = {"idempotency_key": f"{key}/cancel"}
        intent = await client.v1.payment_intents.cancel_async(intent.id, options=options)
    match intent.status:
        case "succeeded":
            return SucceedPayment(order_id, str(intent.latest_charge or intent.id))
        case "canceled":
            return _failed(order_id, declines.AUTHENTICATION_REQUIRED)
        case other:
            raise Unsettled(f"The payment is {other} at the provider.")


async def _refund(client: stripe.StripeClient, due: RefundStarted, key: str) -> CompleteRefund:
    made = await client.v1.refunds.create_async(_refund_params(due), {"idempotency_key": key})
    if made.status != "succeeded":
        made = await client.v1.refunds.retrieve_async(made.id)
    if made.status != "succeeded":
        raise Unsettled(f"The refund is {made.status} at the provider.")
    return CompleteRefund(due.order_id, made.id)


def _refund_params(due: RefundStarted) -> RefundCreateParams:
    metadata = {"order_id": due.order_id}
    if due.charge.startswith("pi_"):
        return {
            "payment_intent": due.charge,
            "amount": due.amount.amount,
            "metadata": metadata,
        }
    return {"charge": due.charge, "amount": due.amount.amount, "metadata": metadata}


def _decline_code(refusal: stripe.CardError) -> str | None:
    return refusal.error.decline_code if refusal.error else None


def _failed(order_id: OrderId, code: str | None) -> FailPayment:
    code = code or "card_declined"
    return FailPayment(order_id, code, declines.reason(code))


class _Error(Value, frozen=True):
    code: str | None = None
    decline_code: str | None = None


class _Intent(Value, frozen=True):
    id: str
    metadata: Mapping[str, str] = msgspec.field(default_factory=dict)
    latest_charge: str | None = None
    last_payment_error: _Error | None = None


class _Data(Value, frozen=True):
    object: Raw


class _Event(Value, frozen=True):
    id: str
    type: str
    data: _Data


def parse_webhook(secret: str) -> Callable[[bytes, str], WebhookEvent]:
    """Make what reads a webhook's body and its `Stripe-Signature`; it raises `BadSignature`."""

    def parse(body: bytes, signature: str) -> WebhookEvent:
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE)
            event = msgspec.json.decode(body, type=_Event)
            return WebhookEvent(event.id, _command(event))
        except stripe.SignatureVerificationError as error:
            raise BadSignature(error.user_message) from None
        except (UnicodeDecodeError, msgspec.MsgspecError) as error:
            raise BadSignature("The webhook cannot be read.") from error

    return parse


def _command(event: _Event) -> Outcome | None:
    if event.type not in {"payment_intent.succeeded", "payment_intent.payment_failed"}:
        return None
    intent = msgspec.json.decode(event.data.object, type=_Intent)
    order_id = intent.metadata.get("order_id")
    if order_id is None:
        return None  # somebody else's payment through the same account
    if event.type == "payment_intent.succeeded":
        return SucceedPayment(order_id, intent.latest_charge or intent.id)
    error = intent.last_payment_error or _Error()
    return _failed(order_id, error.decline_code or error.code)
