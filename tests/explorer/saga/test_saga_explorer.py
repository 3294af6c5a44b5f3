"""Every path of an order in every order of events: nothing is oversold, and no money is kept."""

from __future__ import annotations

import re
import time

import pytest
from msgspec.structs import replace

from ecommerce.aggregates import orders
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Decision, Streams
from explorer.saga.exploring import Explored, attempt, explore
from explorer.saga.pairs import EVERYTHING, UNREACHABLE, missing
from explorer.saga.planted import BUGS, Buggy
from explorer.saga.world import World, shop

SCHEDULES = 3_000
MOST = 6 * SCHEDULES
"""Where a pair is rare, more schedules are tried."""

BATCH = 500
LONGEST = 40.0
"""Seconds after which no more are begun, however few they were."""

FOUND_WITHIN = 3_000
"""Schedules among which any planted bug is found: a few seconds."""

MISHAPS = {"three orders", "duplicate", "swap", "crash", "cancel", "deadline"}


def explored_for_a_while() -> Explored:
    """Try all schedules, or more where a pair is rare, or as many as there is time for."""
    end = time.monotonic() + LONGEST
    explored = explore(range(BATCH))
    while explored.failure is None and time.monotonic() < end:
        tried = explored.schedules
        if tried >= (MOST if missing(explored.reached) else SCHEDULES):
            break
        explore(range(tried, tried + BATCH), explored)
    return explored


def test_no_order_of_events_oversells_keeps_money_or_leaves_anything_undone() -> None:
    explored = explored_for_a_while()
    assert explored.failure is None, str(explored.failure)
    assert explored.seen == dict.fromkeys(MISHAPS, explored.schedules)
    met = {*explored.reached}
    assert met <= EVERYTHING
    assert {pair: why for pair, why in UNREACHABLE.items() if pair in met} == {}
    unmet = f"never met in {explored.schedules:,} schedules: {missing(explored.reached)}"
    if explored.schedules < SCHEDULES and missing(explored.reached):
        pytest.skip(f"in {LONGEST:.0f} s nothing is wrong, but too few were tried; {unmet}")
    assert not missing(explored.reached), f"{unmet}; say in pairs.py why, or draw them"


def test_what_is_said_never_to_meet_could_be_met_by_its_names() -> None:
    assert {*UNREACHABLE} <= EVERYTHING


@pytest.mark.parametrize(
    ("bug", "found_by"),
    [
        ("late payment forgotten", "is cancelled and owes 0, and [1-9]\\d* is kept"),
        ("stock released twice", "-?\\d+ (of \\d+ )?are reserved|would record UnitsReleased"),
        ("charge after close", "charged after its payment was closed"),
        ("deadline after confirm", "nobody wanted to cancel it: timed_out"),
        ("compensation before reservation", "reserved, and should be|never hears that its stock"),
        ("two mails", "2 mails are sent|would record NotificationQueued"),
        ("cancel lost when it overtakes creation", "is kept|takes it for the contrary"),
        ("partial reservation left", "are reserved and orders hold"),
        ("refund of what was never charged", "refunded what was never charged"),
        ("confirm without payment", "is confirmed and owes [1-9]\\d*, and 0 is kept"),
    ],
)
def test_it_finds_a_planted_bug_and_tells_the_shortest_way_there(bug: str, found_by: str) -> None:
    failure = explore(range(FOUND_WITHIN), shop=BUGS[bug]).failure
    assert failure
    assert re.search(found_by, failure.wrong), str(failure)
    assert len(failure.steps) <= 12
    for n in range(len(failure.steps)):
        fewer = [*failure.steps[:n], *failure.steps[n + 1 :]]
        assert attempt(World(BUGS[bug]), fewer) is None
    assert all(f"  {step}" in str(failure) for step in failure.steps)


@pytest.mark.parametrize(
    ("context", "left_out", "found_by"),
    [
        ("orders", "timers", "with 1 reserved, and should be|for ever"),
        ("orders", "ends", "its deadline is still set"),
        ("payments", "intents", "waits for nothing until its deadline|is not what payments says"),
        ("payments", "withdraws", "charged after its payment was closed"),
        ("notifications", "intents", "nobody knows whether the mail"),
    ],
)
def test_it_finds_what_the_table_of_contexts_leaves_out(
    context: str, left_out: str, found_by: str
) -> None:
    without = replace(CONTEXTS[context], **{left_out: {} if left_out == "timers" else ()})
    failure = explore(range(FOUND_WITHIN), shop=shop({**CONTEXTS, context: without})).failure
    assert failure
    assert re.search(found_by, failure.wrong), str(failure)


def test_it_finds_a_policy_that_is_refused() -> None:
    real = CONTEXTS["orders"].decider

    def decide(command: object, states: Streams) -> Decision:
        if isinstance(command, orders.ConfirmOrder):
            raise orders.OrderIsCancelled
        return orders.decide(command, states)  # type: ignore[arg-type] # it is orders' own

    refusing = replace(CONTEXTS["orders"], decider=Buggy(real, decide))
    failure = explore(range(FOUND_WITHIN), shop=shop({**CONTEXTS, "orders": refusing})).failure
    assert failure
    assert failure.wrong == "raised OrderIsCancelled()"


def test_a_seed_makes_the_same_schedule_with_the_same_end() -> None:
    once, again = (explore([7], shop=BUGS["partial reservation left"]) for _ in range(2))
    assert str(once.failure) == str(again.failure)
    assert once.reached == again.reached
