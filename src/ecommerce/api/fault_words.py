"""Says for people what msgspec says for programmers: what is wrong with a field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def in_words(message: str) -> str:
    """Rephrase what msgspec says of a value; what is not known here stays as it is."""
    for form, rephrase in _FORMS.items():
        if match := form.fullmatch(message):
            return rephrase(match)
    return message


def _kinds(kinds: str) -> str:
    return " or ".join(_KINDS.get(kind, kind) for kind in kinds.split(" | "))


def _range(match: re.Match[str]) -> str:
    return f"must be at {_side(match[1])} {match[2]}"


def _length(match: re.Match[str]) -> str:
    kind, side, count = match[1], _side(match[2]), int(match[3])
    if (side, count) == ("least", 1):
        return "must not be empty"
    item = "item" if kind == "array" else "character"
    many = f"{count} {item}{'' if count == 1 else 's'}"
    return f"must have at {side} {many}"


def _side(sign: str) -> str:
    return "least" if sign == ">=" else "most"


_FORMS: Final[dict[re.Pattern[str], Callable[[re.Match[str]], str]]] = {
    re.compile(r"Expected `(?:int|float)(?: \| null)?` ([<>]=) (\S+)"): _range,
    re.compile(r"Expected `(str|array)(?: \| null)?` of length ([<>]=) (\d+)"): _length,
    re.compile(r"Expected `(.+)`, got `(.+)`"): lambda match: (
        f"must be {_kinds(match[1])}, not {_kinds(match[2])}"
    ),
    re.compile(r"Expected `str(?: \| null)?` matching regex .*", re.DOTALL): lambda _: (
        "is not of the form that `/schema` shows"
    ),
    re.compile(r"Invalid RFC3339 encoded datetime|Expected `datetime` with a .*"): lambda _: (
        "must be a time with its zone, such as 2026-01-05T12:00:00Z"
    ),
    re.compile(r"Invalid RFC3339 encoded date"): lambda _: "must be a date such as 2026-01-05",
    re.compile(r"Invalid enum value .*", re.DOTALL): lambda _: (
        "is not one of the values that `/schema` lists"
    ),
}
"""What msgspec says, and how it is told."""
