"""Refunds of the sandbox provider: never more is given back than was captured."""

from __future__ import annotations

from ecommerce.sandbox import stripe_objects as stripe
from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.listing import find
from ecommerce.sandbox.params import Params, only, positive
from ecommerce.sandbox.stripe_objects import Answer, Thing, invalid


def create(ledger: Ledger, params: Params) -> Answer:
    """Give back a charge, or a part of it."""
    only(params, "amount", "charge", "metadata", "payment_intent", "reason")
    charge = _charge(ledger, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = positive(params, "amount") if "amount" in params else left
    _expect(charge, amount, left)
    refunded = charge["amount_refunded"] + amount
    ledger.put(charge | {"amount_refunded": refunded, "refunded": amount == left})
    refund = stripe.refund(charge, amount, params)
    ledger.put(refund)
    ledger.tell(stripe.event("refund.created", refund))
    return Answer(200, refund)


def _charge(ledger: Ledger, params: Params) -> Thing:
    if name := params.get("charge"):
        return find(ledger, "charge", name, param="charge", status=400)
    name = params.get("payment_intent", "")
    intent = find(ledger, "payment_intent", name, param="payment_intent", status=400)
    if intent["status"] != "succeeded":
        raise invalid(f"PaymentIntent {name} has no successful charge to refund.")
    return find(ledger, "charge", intent["latest_charge"])


def _expect(charge: Thing, amount: int, left: int) -> None:
    if not charge["captured"]:
        raise invalid(f"Charge {charge['id']} was not captured: nothing can be refunded.")
    if not left:
        code = "charge_already_refunded"
        raise invalid(f"Charge {charge['id']} has already been refunded.", code=code)
    if amount > left:
        words = f"Refund amount ({amount}) is greater than the unrefunded amount ({left})."
        raise invalid(words, param="amount")
