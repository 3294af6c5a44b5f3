"""Stripe's objects and errors, as far as the sandbox provider has them: plain JSON."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from ecommerce.kernel import Value

Thing: TypeAlias = dict[str, Any]
"""One of Stripe's objects, as it stands in an answer."""

API_VERSION: Final = "2026-10-28.endive"


class Answer(Value, frozen=True):
    """What a request is answered: the status and the body."""

    status: int
    body: Thing
    replayed: bool = False
    """It is what the same idempotency key was answered before."""


class Refused(Exception):
    """The request cannot be carried out; nothing was changed."""

    def __init__(self, status: int, body: Thing) -> None:
        super().__init__(body["error"]["message"])
        self.answer = Answer(status, body)


def error(kind: str, message: str, **more: Any) -> Thing:
    """Make the body of an answer that says what is wrong."""
    return {"error": {"type": kind, "message": message, **more}}


def invalid(message: str, status: int = 400, **more: Any) -> Refused:
    """Refuse a request for what stands in it."""
    return Refused(status, error("invalid_request_error", message, **more))


def missing(kind: str, name: str, param: str, status: int = 404) -> Refused:
    """Refuse a request because what it names does not exist."""
    return invalid(f"No such {kind}: '{name}'", status, code="resource_missing", param=param)


def decline(code: str, decline_code: str) -> Thing:
    """Make the error that a charge is declined with."""
    message = "Your card was declined."
    return {"type": "card_error", "message": message, "code": code, "decline_code": decline_code}


def payment_intent(params: Mapping[str, Any], amount: int) -> Thing:
    """Make a payment intent that is not confirmed yet."""
    method = params.get("payment_method")
    return _thing("payment_intent", "pi") | {
        "amount": amount,
        "amount_received": 0,
        "currency": params["currency"],
        "capture_method": "automatic",
        "description": params.get("description"),
        "metadata": params.get("metadata") or {},
        "payment_method": method,
        "status": "requires_confirmation" if method else "requires_payment_method",
        "last_payment_error": None,
        "next_action": None,
        "latest_charge": None,
        "canceled_at": None,
        "cancellation_reason": None,
    }


def charge(intent: Thing, declined: Thing | None) -> Thing:
    """Make the charge of an intent: captured, or declined with this error."""
    paid = declined is None
    return _thing("charge", "ch") | {
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "captured": paid,
        "currency": intent["currency"],
        "failure_code": declined and declined["code"],
        "metadata": intent["metadata"],
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }


def refund(of: Thing, amount: int, params: Mapping[str, Any]) -> Thing:
    """Make a refund of a charge."""
    return _thing("refund", "re") | {
        "amount": amount,
        "charge": of["id"],
        "currency": of["currency"],
        "metadata": params.get("metadata") or {},
        "payment_intent": of["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }


def event(kind: str, about: Thing) -> Thing:
    """Make the event that a webhook tells."""
    return _thing("event", "evt") | {
        "api_version": API_VERSION,
        "data": {"object": about},
        "pending_webhooks": 1,
        "request": None,
        "type": kind,
    }


def _thing(kind: str, prefix: str) -> Thing:
    name = f"{prefix}_{secrets.token_hex(12)}"
    return {"id": name, "object": kind, "created": int(time.time()), "livemode": False}
