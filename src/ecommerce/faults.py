"""Named points at which a test has the process killed or stopped; they do nothing otherwise."""

from __future__ import annotations

import os
import signal
from typing import Final

SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

POINTS: Final = frozenset(
    {
        "loop.decided",  # a batch is decided, nothing is sent
        "loop.committed",  # a batch is committed, nobody has an answer
        "calls.claimed",  # an attempt is counted, nobody outside has heard of it
        "calls.called",  # the outside has answered, nothing is recorded
        "consumer.committed",  # what follows is recorded, the message is not acknowledged
        "consumer.parked",  # the message is parked, and not acknowledged
        "redrive.recorded",  # a parked message is handled, its row is still there
        "relay.published",  # a page is confirmed, the position has not moved
        "projections.folded",  # a page is written, and not committed
    }
)

_armed: dict[str, tuple[signal.Signals, int]] = {}


class UnknownFault(Exception):
    """A fault names no point, no signal or no number."""


def arm(faults: str) -> None:
    """Arm faults, parted by commas: `relay.published:kill`, or `…:stop@3` at the third time.

    Raises `UnknownFault`.
    """
    _armed.clear()
    for fault in filter(None, map(str.strip, faults.split(","))):
        point, _, rest = fault.partition(":")
        what, _, times = rest.partition("@")
        if point not in POINTS or what not in SIGNALS or not (times or "1").isdecimal():
            raise UnknownFault(f"{fault!r}: say POINT:kill or POINT:stop@N, with {sorted(POINTS)}")
        _armed[point] = SIGNALS[what], int(times or "1")


def reach(point: str) -> None:
    """Come by a point. With nothing armed this costs a look into an empty table."""
    if not _armed or point not in _armed:
        return
    what, times = _armed[point]
    if times > 1:
        _armed[point] = what, times - 1
    else:
        del _armed[point]
        os.kill(os.getpid(), what)
