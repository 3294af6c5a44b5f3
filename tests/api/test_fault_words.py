"""What is wrong with a field, in words for people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

import web
from ecommerce.api.fault_words import in_words

ZONED = Annotated[datetime, Meta(tz=True)]
TIME = "must be a time with its zone, such as 2026-01-05T12:00:00Z"


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (100_001, Annotated[int, Meta(le=100_000)], "must be at most 100000"),
        (0, Annotated[int, Meta(ge=1)] | None, "must be at least 1"),
        ("", Annotated[str, Meta(min_length=1)] | None, "must not be empty"),
        ("ab", Annotated[str, Meta(max_length=1)], "must have at most 1 character"),
        ("ab", Annotated[str, Meta(min_length=3)], "must have at least 3 characters"),
        ([1, 2, 3], Annotated[list[int], Meta(max_length=2)], "must have at most 2 items"),
        ("x", int, "must be a whole number, not text"),
        (1.5, int | None, "must be a whole number or null, not a number"),
        (None, str, "must be text, not null"),
        ({}, list[int], "must be a list, not an object"),
        (True, dict[str, Any], "must be an object, not true or false"),
        ("soon", ZONED, TIME),
        ("2026-01-05T12:00:00", ZONED, TIME),
        ("soon", date, "must be a date such as 2026-01-05"),
        ("b", Literal["a"], "is not one of the values that `/schema` lists"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_words(value: Any, kind: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as told:
        msgspec.convert(value, kind)
    assert in_words(str(told.value)) == words


@pytest.mark.parametrize("pattern", ["^[A-Z]{3}$", "^[^'\n]$", "^.$"])
def test_no_pattern_is_shown_to_anybody(pattern: str) -> None:
    with pytest.raises(msgspec.ValidationError) as told:
        msgspec.convert("pound", Annotated[str, Meta(pattern=pattern)])
    assert in_words(str(told.value)).startswith("is not of the form")


def test_other_words_stay_as_they_are() -> None:
    assert in_words("is not a field") == "is not a field"


async def test_parameters_are_told_of_in_words_too() -> None:
    async with web.client("catalog") as http:
        many = await http.get("/catalog/products?limit=1000")
        none = await http.get("/catalog/products?limit=few")
    assert web.faults(many) == {"limit": "must be at most 100"}
    assert web.faults(none) == {"limit": "must be a whole number, not text"}
