"""The shared kernel: what a value, an event, a command, a refusal, money and an id are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Protocol, TypeAlias, TypeVar, dataclass_transform

from msgspec import Meta, Struct, field

T = TypeVar("T")

Personal: TypeAlias = Annotated[T, Meta(extra={"personal": True})]
"""Marks a field that tells who somebody is, so that it can be sealed and never reaches a log."""

# In Python `$` matches before a last newline too, and `\Z` is no regular expression to others.
Sku: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._\-]*$(?!\n)")
]
OrderId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9\-]+$(?!\n)")
]
Quantity: TypeAlias = Annotated[int, Meta(ge=1, le=100_000)]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value(Struct, frozen=True):
    """Immutable data, equal by content. Subclasses are frozen too."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Event(Value, frozen=True):
    """A fact. Its stored and published name is its class name; `version` counts its shapes."""

    version: ClassVar[int] = 1


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Command(Value, frozen=True):
    """A request to change something. A person's may be refused, a policy's ends in a fact."""


class Rejected(Exception):
    """The command breaks a rule; nothing was recorded."""

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "")


_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}

_DECIMALS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
}
"""The currencies (ISO 4217) whose unit has not 100 parts."""

MOST_MONEY = 10**15
"""The largest amount, in minor units, that any reader of an event must take."""


class Money(Value, frozen=True, order=True):
    """An amount in minor units (pence, cents) of one currency (ISO 4217)."""

    amount: Annotated[int, Meta(ge=-MOST_MONEY, le=MOST_MONEY)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]

    def __str__(self) -> str:
        """Write `£1,234.50`, or `CHF 1,234.50` where the currency has no sign that all know."""
        decimals = _DECIMALS.get(self.currency, 2)
        units, parts = divmod(abs(self.amount), 10**decimals)
        sign = "-" if self.amount < 0 else ""
        fraction = f".{parts:0{decimals}}" if decimals else ""
        return f"{sign}{_SYMBOLS.get(self.currency, f'{self.currency} ')}{units:,}{fraction}"

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise MixedCurrencies
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)


class MixedCurrencies(Rejected):
    """All amounts of one order must be in one currency."""


Streams: TypeAlias = Mapping[str, Any]
"""The states that a decision reads, by stream."""

Decision: TypeAlias = dict[str, list[Event]]
"""The events that a decision records, by stream; a stream with none may be left out."""


class Fold(Value, frozen=True):
    """How one kind of stream becomes a state: where it starts, what each event does to it."""

    initial: Any
    evolve: Any
    events: Any
    version: int = 1
    """Counts what `evolve` has meant: a state kept under another one is not used."""


class Decider(Protocol):
    """A module that decides for one context: which streams a command reads, and what follows."""

    @property
    def folds(self) -> Mapping[str, Fold]:
        """How to fold each kind of stream, by the first part of its name."""
        ...

    def streams(self, command: Any, /) -> Sequence[str]:
        """Name the streams that a command reads."""
        ...

    def decide(self, command: Any, states: Streams, /) -> Decision:
        """Say what follows from a command. Raises `Rejected`, for people's commands alone."""
        ...
