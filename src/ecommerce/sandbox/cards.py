"""Stripe's test cards, as far as the sandbox provider has them, and what comes of charging each."""

from __future__ import annotations

from typing import Final

from ecommerce.kernel import Value


class Card(Value, frozen=True):
    """How a charge to a card goes; without more, it succeeds at once."""

    asks: bool = False
    """Whether the bank first wants to hear from the owner of the card."""
    declined: tuple[str, str] | None = None
    """The code and the decline code that the charge is declined with, once it is tried."""


CARDS: Final = {
    "pm_card_visa": Card(),
    "pm_card_mastercard": Card(),
    "pm_card_visa_chargeDeclined": Card(declined=("card_declined", "generic_decline")),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card(
        declined=("card_declined", "insufficient_funds")
    ),
    "pm_card_visa_chargeDeclinedLostCard": Card(declined=("card_declined", "lost_card")),
    "pm_card_visa_chargeDeclinedStolenCard": Card(declined=("card_declined", "stolen_card")),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": Card(
        declined=("card_declined", "card_velocity_exceeded")
    ),
    "pm_card_chargeDeclinedExpiredCard": Card(declined=("expired_card", "expired_card")),
    "pm_card_chargeDeclinedIncorrectCvc": Card(declined=("incorrect_cvc", "incorrect_cvc")),
    "pm_card_chargeDeclinedProcessingError": Card(
        declined=("processing_error", "processing_error")
    ),
    "pm_card_authenticationRequired": Card(asks=True),
    "pm_card_threeDSecure2Required": Card(asks=True),
    "pm_card_threeDSecureRequired": Card(asks=True),
    "pm_card_threeDSecureRequiredChargeDeclined": Card(
        asks=True, declined=("card_declined", "generic_decline")
    ),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        asks=True, declined=("card_declined", "insufficient_funds")
    ),
}
"""By Stripe's names of them as payment methods."""
