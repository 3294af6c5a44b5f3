"""Payment intents of the sandbox provider: how each comes to be charged, declined or cancelled."""

from __future__ import annotations

import time
from typing import Final

from ecommerce.sandbox import stripe_objects as stripe
from ecommerce.sandbox.cards import CARDS
from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.listing import find
from ecommerce.sandbox.params import Params, currency, only, payment_method, positive
from ecommerce.sandbox.stripe_objects import Answer, Thing, invalid

REFUSED: Final = {
    "type": "card_error",
    "code": "payment_intent_authentication_failure",
    "message": "The provided PaymentMethod has failed authentication.",
}
"""What stands in an intent after its customer has refused."""


def create(ledger: Ledger, params: Params, bank: str) -> Answer:
    """Make a payment intent and, where the request says `confirm`, charge it at once.

    `bank` is the address under which each intent has the page where its customer is asked.
    """
    only(
        params,
        *("amount", "automatic_payment_methods", "confirm", "currency"),
        *("description", "metadata", "payment_method", "return_url"),
    )
    currency(params)
    method = payment_method(params)
    intent = stripe.payment_intent(params, positive(params, "amount"))
    if params.get("confirm") == "true":
        _expect_way_back(params)
        return _confirm(ledger, intent, method, _ask(intent, params, bank))
    ledger.put(intent)
    return Answer(200, intent)


def confirm(ledger: Ledger, params: Params, name: str, bank: str) -> Answer:
    """Charge a payment intent that was not yet, or whose card was declined."""
    only(params, "payment_method", "return_url")
    intent = find(ledger, "payment_intent", name)
    _expect(intent, "requires_confirmation", "requires_payment_method", to="confirm")
    method = payment_method(params) or intent["payment_method"]
    return _confirm(ledger, intent, method, _ask(intent, params, bank))


def cancel(ledger: Ledger, params: Params, name: str) -> Answer:
    """Make sure that a payment intent is never charged."""
    only(params, "cancellation_reason")
    intent = find(ledger, "payment_intent", name)
    open_ones = ("requires_payment_method", "requires_confirmation", "requires_action")
    _expect(intent, *open_ones, to="cancel")
    intent |= {"status": "canceled", "canceled_at": int(time.time()), "next_action": None}
    intent["cancellation_reason"] = params.get("cancellation_reason")
    return _say(ledger, "canceled", intent)


def approve(ledger: Ledger, name: str) -> Answer:
    """Let the customer say yes: the charge is tried now."""
    intent = find(ledger, "payment_intent", name)
    _expect(intent, "requires_action", to="authenticate")
    return _charge(ledger, intent)


def refuse(ledger: Ledger, name: str) -> Answer:
    """Let the customer say no: nothing is charged."""
    intent = find(ledger, "payment_intent", name)
    _expect(intent, "requires_action", to="authenticate")
    return _fail(ledger, intent, REFUSED)


def _expect_way_back(params: Params) -> None:
    automatic = params.get("automatic_payment_methods", {})
    redirects = automatic.get("enabled") == "true" and automatic.get("allow_redirects") != "never"
    if redirects and not params.get("return_url"):
        words = "You must provide a return_url, or forbid redirects by allow_redirects: never."
        raise invalid(words, param="return_url")


def _ask(intent: Thing, params: Params, bank: str) -> Thing:
    """Say how the customer is asked: on the bank's page, if there is a way back from it."""
    if not (return_url := params.get("return_url")):
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    way = {"url": f"{bank}/{intent['id']}", "return_url": return_url}
    return {"type": "redirect_to_url", "redirect_to_url": way}


def _confirm(ledger: Ledger, intent: Thing, method: str | None, ask: Thing) -> Answer:
    if not method:
        code = "parameter_missing"
        raise invalid("You must provide a payment method.", code=code, param="payment_method")
    intent |= {"payment_method": method, "last_payment_error": None}
    if CARDS[method].asks:
        intent |= {"status": "requires_action", "next_action": ask}
        return _say(ledger, "requires_action", intent)
    return _charge(ledger, intent)


def _charge(ledger: Ledger, intent: Thing) -> Answer:
    codes = CARDS[intent["payment_method"]].declined
    declined = stripe.decline(*codes) if codes else None
    charge = stripe.charge(intent, declined)
    ledger.put(charge)
    intent |= {"latest_charge": charge["id"], "next_action": None}
    if declined:
        return _fail(ledger, intent, declined | {"charge": charge["id"]})
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    return _say(ledger, "succeeded", intent)


def _fail(ledger: Ledger, intent: Thing, error: Thing) -> Answer:
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    intent["last_payment_error"] = error
    _say(ledger, "payment_failed", intent)
    return Answer(402, {"error": error | {"payment_intent": intent}})


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
