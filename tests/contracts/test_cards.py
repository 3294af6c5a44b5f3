"""The README names every card that the sandbox provider takes, and no other."""

from __future__ import annotations

import re

from composed import ROOT
from ecommerce.sandbox.cards import CARDS


def test_the_readme_names_the_test_cards() -> None:
    page = (ROOT / "README.md").read_text()
    section = page.partition("\n## Test cards\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(pm_card_\w+)`", section)) == set(CARDS)
