"""An amount of money as people read it."""

from __future__ import annotations

from typing import Final

from ecommerce.kernel import Money

_SYMBOLS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}

_DECIMALS: Final = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
}
"""The currencies (ISO 4217) whose unit has not 100 parts."""


def in_words(money: Money) -> str:
    """Write `£1,234.50`, or `CHF 1,234.50` where the currency has no sign that all know."""
    decimals = _DECIMALS.get(money.currency, 2)
    units, parts = divmod(abs(money.amount), 10**decimals)
    number = f"{units:,}" + (f".{parts:0{decimals}}" if decimals else "")
    sign = "-" if money.amount < 0 else ""
    return sign + _SYMBOLS.get(money.currency, f"{money.currency} ") + number
