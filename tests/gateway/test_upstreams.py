"""Which instance is asked next."""

from __future__ import annotations

from ecommerce.gateway.upstreams import SKIPPED_FOR, Upstream


def test_instances_are_asked_in_turn() -> None:
    upstream = Upstream("http://a, http://b/,http://c")
    firsts = [next(upstream.in_turn()) for _ in range(4)]
    assert sorted(firsts[:3]) == ["http://a", "http://b", "http://c"]
    assert firsts[3] == firsts[0]


def test_each_instance_is_asked_once() -> None:
    assert sorted(Upstream("http://a,http://b").in_turn()) == ["http://a", "http://b"]
    assert [*Upstream("").in_turn()] == []


def test_one_that_could_not_be_reached_is_asked_last_for_a_moment() -> None:
    now = 0.0
    upstream = Upstream("http://a,http://b", lambda: now)
    upstream.failed("http://a")
    assert [next(upstream.in_turn()) for _ in range(2)] == ["http://b", "http://b"]
    now += SKIPPED_FOR
    assert {next(upstream.in_turn()) for _ in range(2)} == {"http://a", "http://b"}
