"""A process dies where a test wants it to, and nowhere else."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ecommerce.faults import UnknownFault, arm, reach


def returncode(faults: str, *points: str) -> int:
    program = f"from ecommerce.faults import arm, reach; arm({faults!r});"
    program += ";".join(f"reach({point!r})" for point in points)
    return subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_nothing_happens_unless_armed() -> None:
    arm("")
    reach("relay.published")


def test_a_process_is_killed_at_its_point() -> None:
    assert returncode("relay.published:kill", "loop.decided") == 0
    assert returncode("relay.published:kill", "relay.published") == -signal.SIGKILL


def test_at_the_time_that_is_named() -> None:
    assert returncode("calls.called:kill@2", "calls.called") == 0
    assert returncode("calls.called:kill@2", "calls.called", "calls.called") == -signal.SIGKILL


@pytest.mark.parametrize("faults", ["nowhere:kill", "loop.decided:hug", "loop.decided:kill@x"])
def test_what_cannot_be_armed_is_said(faults: str) -> None:
    with pytest.raises(UnknownFault, match="say POINT:kill"):
        arm(faults)
