"""Explores for as long as it is told: `make explore-loop SECONDS=600`, or one `SEED=…` alone."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter

from explorer.contexts import BANK, INVENTORY
from explorer.exploring import explore


def main(seconds: float, seed: int | None) -> int:
    start = random.randrange(2**32) * 1_000_000 if seed is None else seed
    count, reached, began = 0, Counter[str](), time.monotonic()
    while not count or (seed is None and time.monotonic() - began < seconds):
        for name, parts in (("bank", BANK), ("inventory", INVENTORY)):
            failure, _, met = explore(parts, [start + count])
            reached += met
            if failure:
                print(f"{name}, {failure}")  # noqa: T201 - what it is run for
                return 1
        count += 1
    for what, times in sorted(reached.items()):
        print(f"{times:10} {what}")  # noqa: T201 - the same
    speed = 2 * count / (time.monotonic() - began)
    print(f"{2 * count} schedules from seed {start} on, {speed:.0f}/s: none fails")  # noqa: T201 - the same
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None))
