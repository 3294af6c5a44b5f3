"""Reads what the payment provider tells by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import stripe
from msgspec import Raw

from ecommerce.adapters import declines
from ecommerce.adapters.payments.charging import OURS, Outcome, failed
from ecommerce.aggregates.payments import RequireAuthentication, SucceedPayment
from ecommerce.kernel import OrderId, Value

TOLERANCE: Final = 300
"""Seconds that a webhook's signature is good for."""


class BadSignature(Exception):
    """The webhook is not signed with our secret, too old, or not readable. Refuse it."""


class WebhookEvent(Value, frozen=True):
    """What the provider says by itself; most of it changes nothing and has no command."""

    id: str
    command: Outcome | None


class _Error(Value, frozen=True):
    code: str | None = None
    decline_code: str | None = None


class _Redirect(Value, frozen=True):
    url: str


class _Action(Value, frozen=True):
    redirect_to_url: _Redirect | None = None


class _Intent(Value, frozen=True):
    id: str
    metadata: Mapping[str, str] = msgspec.field(default_factory=dict)
    latest_charge: str | None = None
    last_payment_error: _Error | None = None
    next_action: _Action | None = None
    cancellation_reason: str | None = None


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
    what, _, kind = event.type.partition(".")
    if what != "payment_intent":
        return None
    intent = msgspec.json.decode(event.data.object, type=_Intent)
    # Without our order it is somebody else's payment through the same account.
    order_id = intent.metadata.get("order_id")
    return _told(order_id, kind, intent) if order_id else None


def _told(order_id: OrderId, kind: str, intent: _Intent) -> Outcome | None:
    match kind, intent:
        case "succeeded", _:
            return SucceedPayment(order_id, intent.latest_charge or intent.id)
        case "payment_failed", _:
            error = intent.last_payment_error or _Error()
            return failed(order_id, error.decline_code or error.code)
        case "requires_action", _Intent(next_action=_Action(redirect_to_url=_Redirect(url))):
            return RequireAuthentication(order_id, intent.id, url)
        case "canceled", _Intent(cancellation_reason=reason) if reason != OURS:
            return failed(order_id, declines.AUTHENTICATION_REQUIRED)
        case _:
            return None  # of what we cancel ourselves, the call tells
