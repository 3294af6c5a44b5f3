"""What a customer is told when a payment is refused, by the provider's code."""

from __future__ import annotations

from typing import Final

AUTHENTICATION_REQUIRED: Final = "authentication_required"
"""Of ours: the bank asks for the customer, and there is no way to ask them."""
NOT_AUTHENTICATED: Final = "payment_intent_authentication_failure"
"""The provider's, where the customer has not told the bank that it is they who pay."""

_OTHERWISE: Final = "the card was declined"

_ABOUT_THE_METHOD_OR_THE_AMOUNT: Final = frozenset(
    {
        "amount_too_large",
        "amount_too_small",
        "invalid_charge_amount",
        "payment_intent_incompatible_payment_method",
        "payment_method_currency_mismatch",
        "payment_method_invalid_parameter",
        "payment_method_not_available",
        "payment_method_unactivated",
        "payment_method_unsupported_type",
    }
)

# Stripe asks to tell nobody that a card is held to be lost or stolen: these are just declined.
_REASONS: Final = {
    AUTHENTICATION_REQUIRED: "the payment could not be authenticated",
    NOT_AUTHENTICATED: "the payment was not authenticated",
    "expired_card": "the card has expired",
    "incorrect_cvc": "the card's security code is wrong",
    "insufficient_funds": "the card has insufficient funds",
    "processing_error": "the bank could not process the payment",
    "resource_missing": "the payment method is not known",
    "amount_too_large": "the amount is more than can be charged to a card",
    "amount_too_small": "the amount is less than can be charged to a card",
}


def reason(code: str) -> str:
    """Say in words for the customer why a payment was refused."""
    return _REASONS.get(code, _OTHERWISE)


def is_final(code: str | None, param: str | None) -> bool:
    """Tell a request that is refused for what the customer chose from one that we got wrong."""
    unknown = code == "resource_missing" and param == "payment_method"
    return unknown or code in _ABOUT_THE_METHOD_OR_THE_AMOUNT
