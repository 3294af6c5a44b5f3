"""Wherever a charge, its order and the news of it cross, the money is where docs/saga.md says."""

from __future__ import annotations

from itertools import product

import pytest

from explorer.saga.money import CANNOT_BE, CHARGES, NEWS, ORDERS, PAGE, outcome, written
from explorer.saga.outside import Wrong
from explorer.saga.planted import BUGS

OUTCOMES = {"kept", "refunded", "voided", "nothing charged", "waits", CANNOT_BE}


def test_the_page_shows_what_the_code_does_at_every_crossing() -> None:
    again = "cd tests && ../.venv/bin/python -m explorer.saga.money"
    assert PAGE.read_text() == written(), f"look at what has changed, and write it anew: {again}"


def test_every_crossing_has_an_outcome_that_the_page_explains() -> None:
    outcomes = {outcome(*crossing) for crossing in product(CHARGES, ORDERS, NEWS)}
    assert outcomes == OUTCOMES
    assert all(f"**{words}**" in PAGE.read_text() for words in OUTCOMES)


@pytest.mark.parametrize("news", NEWS)
def test_however_the_news_comes_the_outcome_is_the_same(news: str) -> None:
    for charge, order in product(CHARGES, ORDERS):
        assert outcome(charge, order, news) == outcome(charge, order, "answer")


def test_a_late_payment_that_is_forgotten_leaves_no_table() -> None:
    with pytest.raises(Wrong, match="owes 0, and 100 is kept"):
        outcome("paid", "cancelled", "late", BUGS["late payment forgotten"])
