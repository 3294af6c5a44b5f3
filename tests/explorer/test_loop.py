"""The command loop, whatever happens to it: some serial order explains all that it did and said."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from msgspec.structs import replace

from ecommerce.store import command_loop
from explorer import planted
from explorer.contexts import BANK, INVENTORY
from explorer.exploring import Failure, attempt, explore
from explorer.instance import Parts
from explorer.schedule import make

MOST = 3_000
"""Schedules among which any planted bug is found: far less than 30 s."""


def find(parts: Parts) -> Failure:
    failure, _, _ = explore(parts, range(MOST))
    assert failure
    return failure


def test_some_serial_order_explains_what_the_loop_did_and_said() -> None:
    failure, _, reached = explore(BANK, range(500))
    assert failure is None, str(failure)
    _expect(reached)


def _expect(reached: Counter[str]) -> None:
    """Expect that nothing went right only because nothing went wrong."""
    moments = ("append arrives", "append has the lock", "append is answered", "read is answered")
    for what in ("Cut", "Kill", "Drop", "Stop"):
        for moment in moments:
            assert reached[f"{what}: {moment}"], (what, moment)
    for heard in ("race lost", "Answer", "replayed", "Overdrawn", "KeyReused", "StoreUnavailable"):
        assert reached[heard] >= 50, heard


def test_the_real_inventory_is_recorded_in_some_serial_order() -> None:
    failure, _, _ = explore(INVENTORY, range(150))
    assert failure is None, str(failure)


def test_a_seed_makes_the_same_schedule_with_the_same_end() -> None:
    once, again = (attempt(BANK, make(7, BANK.commands))[1] for _ in range(2))
    assert once.trace == again.trace
    assert once.log.keys == again.log.keys
    assert [str(a.outcome) for a in once.attempts] == [str(a.outcome) for a in again.attempts]


def test_it_finds_a_stale_refusal_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_loop, "Batch", planted.RefusesUnchecked)
    assert "answered Overdrawn" in find(replace(BANK, writer=planted.Trusting)).wrong


def test_it_finds_a_refusal_answered_before_its_ground_is_recorded() -> None:
    assert "answered Overdrawn" in find(replace(BANK, loop=planted.RefusesAtOnce)).wrong


def test_held_states_need_no_reading_as_long_as_the_append_checks_them() -> None:
    failure, _, _ = explore(replace(BANK, writer=planted.Trusting), range(100))
    assert failure is None, str(failure)


def test_it_finds_a_key_looked_up_after_deciding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_loop, "Batch", planted.LooksKeysUpLate)
    assert "was answered" in find(BANK).wrong


def test_it_finds_a_held_state_kept_after_a_failed_append() -> None:
    assert find(replace(BANK, loop=planted.HoldsTooEarly))


def test_it_finds_a_lost_commit_taken_for_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_loop, "is_outage", lambda _: False)
    assert re.search("answered (OperationalError|AdminShutdown)", find(BANK).wrong)


def test_it_finds_read_only_streams_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_loop, "Batch", planted.ChecksOnlyWhatItWrites)
    assert "is refused in its place: Overdrawn" in find(BANK).wrong


def test_a_failing_schedule_is_told_by_the_steps_that_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command_loop, "Batch", planted.LooksKeysUpLate)
    failure = find(BANK)
    assert len(failure.steps) <= 10
    for n in range(len(failure.steps)):
        assert attempt(BANK, failure.steps[:n] + failure.steps[n + 1 :])[0] is None
    assert re.match(r"seed \d+: \w+:\d+ was answered ", str(failure))
    assert all(str(step) in str(failure) for step in failure.steps)
