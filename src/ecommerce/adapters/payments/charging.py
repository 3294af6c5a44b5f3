"""Charges a payment method, unless its bank first asks for the customer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

import stripe

from ecommerce.adapters import declines
from ecommerce.adapters.provider import Provider, Unsettled
from ecommerce.aggregates.payments import (
    FailPayment,
    RequireAuthentication,
    SucceedPayment,
)
from ecommerce.events.payments import PaymentStarted
from ecommerce.kernel import OrderId
from ecommerce.store.calls import Call
from ecommerce.store.envelope import Recorded

Outcome: TypeAlias = SucceedPayment | FailPayment | RequireAuthentication

OURS: Final = "abandoned"
"""The reason that the provider is given for what we cancel."""

_SLACK: Final = timedelta(minutes=5)
"""How much the provider's clock and ours may differ."""


def charge(provider: Provider, return_url: str) -> Call:
    """Make the handler of `PaymentStarted`.

    A refusal for good is an answer, and so is a bank that asks for the customer; whatever leaves
    open what became of the charge raises, so that it is asked again under the same key.
    """

    async def handle(recorded: Recorded[PaymentStarted], key: str) -> Outcome:
        act = partial(_charge, provider, recorded.event, return_url, key)
        return await provider.once(recorded.time, act, partial(_charged, provider, recorded, key))

    return handle


async def _charge(provider: Provider, due: PaymentStarted, return_url: str, key: str) -> Outcome:
    try:
        intent = await provider.api.payment_intents.create_async(
            {
                "amount": due.amount.amount,
                "currency": due.amount.currency.lower(),
                "payment_method": due.payment_method,
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "always"},
                "return_url": return_url,
                "metadata": {"order_id": due.order_id},
            },
            {"idempotency_key": key},
        )
    except stripe.CardError as refusal:
        return failed(due.order_id, _code(refusal.error) or refusal.code)
    except stripe.InvalidRequestError as refusal:
        if not declines.is_final(refusal.code, refusal.param):
            raise
        return failed(due.order_id, refusal.code)
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
        if intent.metadata.to_dict().get("order_id") == order_id:
            return await _settle(provider, order_id, intent, key)
    return None


async def _settle(
    provider: Provider, order_id: OrderId, intent: stripe.PaymentIntent, key: str
) -> Outcome:
    if intent.status != "succeeded":  # an answer that is replayed tells what was, not what is
        intent = await provider.api.payment_intents.retrieve_async(intent.id)
    if intent.status == "requires_action" and not _address(intent):
        intent = await cancel(provider, intent.id, f"{key}/cancel")
    match intent.status, _address(intent):
        case "succeeded", _:
            return succeeded(order_id, intent)
        case "requires_action", str(url):
            return RequireAuthentication(order_id, intent.id, url)
        case "requires_payment_method", _:
            return failed(order_id, _code(intent.last_payment_error))
        case "canceled", _:
            return failed(order_id, declines.AUTHENTICATION_REQUIRED)
        case other, _:
            raise Unsettled(f"The payment is {other} at the provider.")


async def cancel(provider: Provider, intent: str, key: str) -> stripe.PaymentIntent:
    """Make sure that a charge is never captured, and that its webhook says that it was us."""
    return await provider.api.payment_intents.cancel_async(
        intent, {"cancellation_reason": OURS}, {"idempotency_key": key}
    )


def _address(intent: stripe.PaymentIntent) -> str | None:
    """Say where the customer can do what the charge waits for, if it can be done at an address."""
    redirect = getattr(intent.next_action, "redirect_to_url", None)
    return redirect.url if redirect else None


def _code(error: object) -> str | None:
    # What the provider leaves out of an object is no attribute of it either.
    return getattr(error, "decline_code", None) or getattr(error, "code", None)


def succeeded(order_id: OrderId, intent: stripe.PaymentIntent) -> SucceedPayment:
    """Say that a payment is made, by which charge."""
    return SucceedPayment(order_id, str(intent.latest_charge or intent.id))


def failed(order_id: OrderId, code: str | None) -> FailPayment:
    """Say that a payment has failed, in words for the customer too."""
    code = code or "card_declined"
    return FailPayment(order_id, code, declines.reason(code))
