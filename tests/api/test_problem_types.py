"""Every problem that the code can answer with is told of, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import ecommerce
from ecommerce.api.problem_handlers import HANDLERS
from ecommerce.api.problem_types import TYPES, title_of, type_of
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Rejected

SOURCE = Path(ecommerce.__file__).parent
NAMED = re.compile(r"(?:refused|problem)\((?:[^()]|\([^()]*\))*?\"([A-Z][A-Za-z]+)\"")
NOT_FOUND = {"NoSuchOrder", "NoSuchProduct"}
"""Refusals that are answered with a plain 404."""


def rules(kind: type[Rejected] = Rejected) -> Iterator[str]:
    for rule in kind.__subclasses__():
        yield from rules(rule)
        if rule.__module__.startswith("ecommerce."):
            yield rule.__name__


def named() -> Iterator[str]:
    """Find the kinds that the code of the API and the gateway names."""
    for folder in ("api", "gateway"):
        for file in (SOURCE / folder).glob("*.py"):
            yield from NAMED.findall(file.read_text())


def handled() -> Iterator[str]:
    """List the failures that are answered under their own names."""
    for kind in HANDLERS:
        if isinstance(kind, type) and kind.__name__ in TYPES:
            yield kind.__name__


def test_each_kind_of_problem_is_told_of() -> None:
    assert CONTEXTS  # all aggregates are loaded, and their rules with them
    assert {*rules(), *named()} - NOT_FOUND <= {*TYPES}


def test_no_kind_is_told_of_that_nothing_answers_with() -> None:
    assert {*TYPES} <= {*rules(), *named(), *handled()}


def test_a_kind_says_what_it_means_and_what_to_do_in_whole_sentences() -> None:
    for kind in TYPES.values():
        assert re.fullmatch(r"[A-Z].*\.", kind.meaning), kind
        assert re.fullmatch(r"[A-Z].*[.`]", kind.remedy), kind


def test_a_kind_has_a_title_and_an_address() -> None:
    assert title_of("PriceChanged") == "Price changed"
    assert (title_of("UnknownSku"), title_of("NotJson")) == ("Unknown SKU", "Not JSON")
    assert type_of("UnknownSku") == "/problems/unknown-sku"
