"""Every pattern that text is held against, in what is recorded and in what is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import msgspec
import pytest
import regress
from hypothesis import given, settings
from hypothesis import strategies as st

import web
from ecommerce import api, events, kernel
from ecommerce.api.app import application


def modules() -> Iterator[ModuleType]:
    yield kernel
    for package in (events, api):
        yield package
        for found in iter_modules(package.__path__):
            yield import_module(f"{package.__name__}.{found.name}")


def structs() -> set[type[msgspec.Struct]]:
    return {
        kind
        for module in modules()
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        if kind.__module__ == module.__name__
    }


def descriptions() -> Iterator[Any]:
    """Describe all structs, and all routes with their parameters."""
    yield msgspec.json.schema_components(structs())
    for name, router in web.routers(web.Loop(), web.Models()).items():
        yield application(name, [router]).openapi_schema.to_schema()


def patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(pattern := part.get("pattern"), str):
            yield pattern
        part = part.values()
    if isinstance(part, Iterable) and not isinstance(part, str):
        for inner in part:
            yield from patterns(inner)


ASCII = st.characters(codec="ascii")
ALL = sorted(set(patterns(descriptions())))


def test_there_are_patterns() -> None:
    assert len(ALL) >= 6


@pytest.mark.parametrize("pattern", ALL)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_text_that_fits_does_not_with_a_newline_at_its_end(pattern: str, data: Any) -> None:
    text = data.draw(st.from_regex(pattern, alphabet=ASCII))
    assert re.search(pattern, text)
    assert not re.search(pattern, text + "\n")


@pytest.mark.parametrize("pattern", ALL)
def test_a_pattern_means_the_same_to_a_reader_in_javascript(pattern: str) -> None:
    expression = regress.Regex(pattern, "u")
    for text in ("GBP", "tea-1", "TEA 1", "ann@example.org", "pm_card_visa", "", "ä", "GBP\n"):
        assert bool(expression.find(text)) == bool(re.search(pattern, text)), text
