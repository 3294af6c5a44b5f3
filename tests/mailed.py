"""The mails about an order, as its customer has them."""

from __future__ import annotations

from typing import Any

from running_shop import RunningShop, until

RECEIVED = "We have your order"
ASKED = "Please confirm your payment"
CONFIRMED = "Your order is confirmed"
SHIPPED = "Your order is on its way"
CANCELLED = "Your order was cancelled"
REFUNDED = "You have your money back"


def told(shop: RunningShop, order_id: str, *subjects: str) -> dict[str, str]:
    """Wait for just these mails about an order, one of each, and give their texts."""
    for _ in until(30, f"the mails about {order_id} are not {subjects}"):
        mails = shop.mails(order_id)
        found = sorted(str(mail["Subject"]) for mail in mails)
        if found == sorted(subjects):
            return {str(mail["Subject"]): text(mail) for mail in mails}
    raise AssertionError


def text(mail: Any) -> str:
    """Give what a mail says to who reads it as plain text."""
    plain = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return str(plain.get_payload(decode=True).decode())
