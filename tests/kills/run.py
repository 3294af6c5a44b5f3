"""Imports six real days while anything is killed: `make torture-kills SECONDS=120 SEED=1`."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import online_retail
import servers
from ecommerce.sandbox import ports
from kills import judging
from kills.killing import Importing, kill_while
from running_shop import RunningShop

CONFIRMED, PENCE = 609, 32_527_373
"""What an undisturbed import of the six days comes to."""
CALM = 600.0
"""Seconds in which the import has to be done once nothing is killed any more."""

Tell = Callable[[str], None]


def main(seconds: float, seed: int) -> int:
    began = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {line}", flush=True)  # noqa: T201 - what it is run for

    days = sorted(online_retail.REAL.glob("2010-12-*.csv"))
    if not days:
        tell(f"the six days are not in {online_retail.REAL}; the README says where they come from")
        return 1
    tell(f"seed {seed}, kills for {seconds:.0f} s")
    with _started() as shop:
        found = _torture(shop, days, seconds, seed, tell)
        for fault in found[:50]:
            tell(f"WRONG: {fault}")
    tell(f"{len(found)} faults with seed {seed}" if found else f"all right with seed {seed}")
    return 1 if found else 0


def _torture(
    shop: RunningShop, days: Sequence[Path], seconds: float, seed: int, tell: Tell
) -> list[str]:
    draw, killed = random.Random(seed), Counter[str]()
    importing = Importing(shop, days)
    for name in kill_while(importing, shop, _pauses(seconds, draw), draw.choice, draw):
        tell(f"killed {name}")
        killed[name.partition(" (")[0]] += 1
    tell(f"{killed.total()} kills: {dict(killed.most_common())}")
    importing.finish(CALM)
    tell(f"the import is done; its process was begun {importing.begun} times")
    for failure in importing.failures:
        tell(f"it had failed by itself: {failure}")
    return [*_unlike_undisturbed(importing.table()), *judging.faults(shop, bool, CONFIRMED)]


def _pauses(seconds: float, draw: random.Random) -> Iterator[float]:
    """Yield pauses of that length together; what starting again takes is not counted."""
    while seconds > 0:
        yield (pause := draw.uniform(1, 4))
        seconds -= pause


def _unlike_undisturbed(table: dict[str, Any]) -> Iterator[str]:
    yield from table["differences"]
    for side in ("shop", "files"):
        total = sum((Counter(day[side]) for day in table["days"]), Counter[str]())
        if (total["confirmed"], total["revenue"]) != (CONFIRMED, PENCE):
            yield f"the {side} have {dict(total)}"


@contextmanager
def _started() -> Iterator[RunningShop]:
    with servers.folder() as place:
        shop = RunningShop(place / "run")
        try:
            shop.up("--port-base", str(ports.choose_base(26_000, range(90))))
            yield shop
        finally:
            shop.ecommerce("down")


if __name__ == "__main__":
    given = sys.argv[2:]
    sys.exit(main(float(sys.argv[1]), int(given[0]) if given else random.randrange(2**32)))
