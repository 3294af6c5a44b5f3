"""A price as a request gives it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ecommerce.kernel import Money, Value


class Price(Value, frozen=True, forbid_unknown_fields=True):
    """What something costs, in minor units of its currency: 1999 GBP is £19.99."""

    amount: Annotated[int, Meta(ge=0, le=10**9)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]

    @property
    def money(self) -> Money:
        """The same as events write it."""
        return Money(self.amount, self.currency)
