from __future__ import annotations

import pytest

from ecommerce.bus.sharing import share

QUEUES = [f"inventory.in.{number}" for number in range(6)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7])
def test_each_queue_is_one_instance_s_and_the_shares_are_even(count: int) -> None:
    live = [f"instance-{number}" for number in range(count)]
    shares = [share(QUEUES, live, instance) for instance in live]
    assert sorted(name for part in shares for name in part) == QUEUES
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_who_is_not_seen_has_no_share() -> None:
    assert share(QUEUES, ["another"], "me") == set()
    assert share(QUEUES, [], "me") == set()
