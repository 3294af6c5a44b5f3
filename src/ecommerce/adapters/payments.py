"""Charges and refunds through the payment provider, and reads what it says by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

import msgspec
import stripe
from msgspec import Raw
from stripe.params import RefundCreateParams, RefundListParams

from ecommerce.adapters import declines
from ecommerce.adapters.provider import Provider, Unsettled, open_provider
from ecommerce.aggregates.payments import CompleteRefund, FailPayment, SucceedPayment
from ecommerce.events.payments import PaymentStarted, RefundStarted
from ecommerce.kernel import Event, OrderId, Value
from ecommerce.store.calls import Call
from ecommerce.store.envelope import Recorded

Outcome: TypeAlias = SucceedPayment | FailPayment

TOLERANCE: Final = 300
"""Seconds that a webhook's signature is good for."""

_SLACK: Final = timedelta(minutes=5)
"""How much the provider's clock and ours may differ."""
_UNPAID: Final = frozenset({"requires_payment_method", "requires_confirmation", "canceled"})


class BadSignature(Exception):
    """The webhook is not signed with our secret, too old, or not readable. Refuse it."""


class WebhookEvent(Value, frozen=True):
    """What the provider says by itself; most of it changes nothing and has no command."""

    id: str
    command: Outcome | None


@asynccontextmanager
async def calls(url: str, key: str) -> AsyncIterator[Mapping[type[Event], Call]]:
    """Give the handlers of this context's calls, over one kept session and one breaker."""
    async with open_provider(url, key) as provider:
        yield {PaymentStarted: charge(provider), RefundStarted: refund(provider)}


def charge(provider: Provider) -> Call:
    """Make the handler of `PaymentStarted`.

    A refusal for good is an answer; whatever leaves open what became of the charge raises, so that
    it is asked again under the same key.
    """

    async def handle(recorded: Recorded[PaymentStarted], key: str) -> Outcome:
        act = partial(_charge, provider, recorded.event, key)
        return await provider.once(recorded.time, act, partial(_charged, provider, recorded, key))

    return handle


def refund(provider: Provider) -> Call:
    """Make the handler of `RefundStarted`. It raises until the customer has the money back."""

    async def handle(recorded: Recorded[RefundStarted], key: str) -> CompleteRefund:
        act = partial(_refund, provider, recorded.event, key)
        return await provider.once(recorded.time, act, partial(_refunded, provider, recorded.event))

    return handle


async def _charge(provider: Provider, due: PaymentStarted, key: str) -> Outcome:
    try:
        intent = await provider.api.payment_intents.create_async(
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
        if not declines.is_final(refusal.code, refusal.param):
            raise
        return _failed(due.order_id, refusal.code)
    return await _settle(provider, due.order_id, intent, key)


async def _charged(
    provider: Provider, recorded: Recorded[PaymentStarted], key: str
) -> Outcome | None:
    """Find out from the provider's list what became of the order's charge, if it has one.

    Its search would be simpler, but hears of a new charge only after a while.
    """
    order_id = recorded.event.order_id
    since = int((recorded.time - _SLACK).timestamp())
    page = await provider.api.payment_intents.list_async({"created": {"gte": since}, "limit": 100})
    async for intent in page.auto_paging_iter():
        ours = intent.metadata.to_dict().get("order_id") == order_id
        if ours and intent.status not in _UNPAID:
            return await _settle(provider, order_id, intent, key)
    return None


async def _settle(
    provider: Provider, order_id: OrderId, intent: stripe.PaymentIntent, key: str
) -> Outcome:
    if intent.status != "succeeded":  # an answer that is replayed tells what was, not what is
        intent = await provider.api.payment_intents.retrieve_async(intent.id)
    if intent.status == "requires_action":
        options: stripe.RequestOptions = {"idempotency_key": f"{key}/cancel"}
        intent = await provider.api.payment_intents.cancel_async(intent.id, options=options)
    match intent.status:
        case "succeeded":
            return SucceedPayment(order_id, str(intent.latest_charge or intent.id))
        case "canceled":
            return _failed(order_id, declines.AUTHENTICATION_REQUIRED)
        case other:
            raise Unsettled(f"The payment is {other} at the provider.")


async def _refund(provider: Provider, due: RefundStarted, key: str) -> CompleteRefund:
    metadata = {"order_id": due.order_id}
    params: RefundCreateParams = {"amount": due.amount.amount, "metadata": metadata}
    if _is_intent(due.charge):
        params["payment_intent"] = due.charge
    else:
        params["charge"] = due.charge
    made = await provider.api.refunds.create_async(params, {"idempotency_key": key})
    if made.status != "succeeded":
        made = await provider.api.refunds.retrieve_async(made.id)
    if made.status != "succeeded":
        raise Unsettled(f"The refund is {made.status} at the provider.")
    return CompleteRefund(due.order_id, made.id)


async def _refunded(provider: Provider, due: RefundStarted) -> CompleteRefund | None:
    """Find out from the provider's list whether all is given back, by us or by hand."""
    of: RefundListParams = (
        {"payment_intent": due.charge} if _is_intent(due.charge) else {"charge": due.charge}
    )
    page = await provider.api.refunds.list_async({**of, "limit": 100})
    made = [refund async for refund in page.auto_paging_iter() if refund.status == "succeeded"]
    if sum(refund.amount for refund in made) < due.amount.amount:
        return None
    return CompleteRefund(due.order_id, made[0].id)


def _is_intent(charge: str) -> bool:
    return charge.startswith("pi_")


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
