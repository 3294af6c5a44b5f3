"""Payment intents of the sandbox provider: how each comes to be charged, declined or cancelled."""

from __future__ import annotations

import time

from ecommerce.sandbox import stripe_objects as stripe
from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.listing import find
from ecommerce.sandbox.params import Params, currency, only, payment_method, positive
from ecommerce.sandbox.stripe_objects import Answer, Thing, invalid


def create(ledger: Ledger, params: Params) -> Answer:
    """Make a payment intent and, where the request says `confirm`, charge it at once."""
    only(
        params,
        *("amount", "automatic_payment_methods", "confirm", "currency"),
        *("description", "metadata", "payment_method"),
    )
    currency(params)
    method = payment_method(params)
    intent = stripe.payment_intent(params, positive(params, "amount"))
    if params.get("confirm") == "true":
        return _confirm(ledger, intent, method)
    ledger.put(intent)
    return Answer(200, intent)


def confirm(ledger: Ledger, params: Params, name: str) -> Answer:
    """Charge a payment intent that was not yet, or whose card was declined."""
    only(params, "payment_method")
    intent = find(ledger, "payment_intent", name)
    _expect(intent, "requires_confirmation", "requires_payment_method", to="confirm")
    return _confirm(ledger, intent, payment_method(params) or intent["payment_method"])


def cancel(ledger: Ledger, params: Params, name: str) -> Answer:
    """Make sure that a payment intent is never charged."""
    only(params, "cancellation_reason")
    intent = find(ledger, "payment_intent", name)
    open_ones = ("requires_payment_method", "requires_confirmation", "requires_action")
    _expect(intent, *open_ones, to="cancel")
    intent |= {"status": "canceled", "canceled_at": int(time.time()), "next_action": None}
    intent["cancellation_reason"] = params.get("cancellation_reason")
    return _say(ledger, "canceled", intent)


def _confirm(ledger: Ledger, intent: Thing, method: str | None) -> Answer:
    if not method:
        code = "parameter_missing"
        raise invalid("You must provide a payment method.", code=code, param="payment_method")
    intent |= {"payment_method": method, "last_payment_error": None}
    if method in stripe.AUTHENTICATED:
        intent |= {"status": "requires_action", "next_action": {"type": "use_stripe_sdk"}}
        return _say(ledger, "requires_action", intent)
    return _charge(ledger, intent, stripe.decline(method))


def _charge(ledger: Ledger, intent: Thing, declined: Thing | None) -> Answer:
    charge = stripe.charge(intent, declined)
    ledger.put(charge)
    intent["latest_charge"] = charge["id"]
    if not declined:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        return _say(ledger, "succeeded", intent)
    intent |= {"status": "requires_payment_method", "payment_method": None}
    intent["last_payment_error"] = declined
    _say(ledger, "payment_failed", intent)
    error = declined | {"charge": charge["id"], "payment_intent": intent}
    return Answer(402, {"error": error})


def _say(ledger: Ledger, what: str, intent: Thing) -> Answer:
    ledger.put(intent)
    ledger.tell(stripe.event(f"payment_intent.{what}", intent))
    return Answer(200, intent)


def _expect(intent: Thing, *statuses: str, to: str) -> None:
    if intent["status"] not in statuses:
        raise invalid(
            f"You cannot {to} this PaymentIntent because its status is {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
