"""What is held stays within its bytes; what was not used for longest goes first."""

from __future__ import annotations

from ecommerce.store.folds import Versioned
from ecommerce.store.held import Held


def test_a_state_is_held_until_a_later_one_takes_its_place() -> None:
    held = Held(10_000)
    assert held.get("a") is None
    held.hold("a", Versioned(1, "one"))
    held.hold("a", Versioned(2, "two"))
    assert held.get("a") == Versioned(2, "two")
    assert len(held) == 1


def test_what_was_not_used_for_longest_goes_first() -> None:
    held = Held(2_000)
    for stream in "abc":
        held.hold(stream, Versioned(1, 0))
    held.get("a")
    held.hold("d", Versioned(1, 0))
    assert [stream for stream in "abcd" if held.get(stream)] == ["a", "c", "d"]


def test_a_state_is_weighed_anew_when_it_grows() -> None:
    held = Held(2_000)
    held.hold("a", Versioned(1, 0))
    held.hold("b", Versioned(1, 0))
    held.hold("b", Versioned(2, "x" * 300))
    assert held.get("a") is None
    assert held.get("b")
    held.hold("b", Versioned(3, 0))
    held.hold("a", Versioned(1, 0))
    assert len(held) == 2


def test_a_state_larger_than_the_cache_is_not_held() -> None:
    held = Held(2_000)
    held.hold("a", Versioned(1, "x" * 10_000))
    assert len(held) == 0
