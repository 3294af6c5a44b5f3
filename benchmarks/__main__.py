"""All benches, one after another: `make bench`, or `make bench-quick` in under 3 minutes.

Each runs in a process of its own. One that fails does not keep the others from running.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from time import perf_counter
from traceback import format_exception
from typing import Final

import msgspec
from rich.console import Console

from benchmarks.alone import measured_by_name
from benchmarks.figures import Figure, show
from benchmarks.machine import describe

BENCHES: Final = (
    "append",
    "hot_sku",
    "relay",
    "consumer",
    "projection",
    "shop",
    "growth",
    "saga",
)
"""The modules. What `shop` holds can be named too: `whole`, `latency`, `reads`, `import_day`."""

LONG: Final = ("aged", "scale")
"""Those that are left out when it is to be quick."""

RESULTS: Final = Path(__file__).parent / "results"

_console: Final = Console(stderr=True)


def main(names: list[str], *, quick: bool) -> int:
    """Run benches, all of them where none is named; say how many failed."""
    machine = describe()
    figures: list[Figure] = []
    failed = 0
    for name in names or (BENCHES if quick else BENCHES + LONG):
        began = perf_counter()
        try:
            figures += _apart(name, quick=quick)
        except Exception as error:  # noqa: BLE001 - the other benches run all the same
            failed += 1
            _console.print("".join(format_exception(error)), markup=False)
        _console.print(f"{name}: {perf_counter() - began:.0f} s")
    figures.sort(key=attrgetter("bench"))
    show(figures)
    _write(machine, figures, quick=quick)
    return failed


def _apart(name: str, *, quick: bool) -> list[Figure]:
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(measured_by_name, name, quick=quick).result()


def _write(machine: dict[str, object], figures: list[Figure], *, quick: bool) -> None:
    now = datetime.now(UTC)
    content = {"at": now, "quick": quick, "machine": machine, "figures": figures}
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{now:%Y-%m-%dT%H%M%S}{'-quick' if quick else ''}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2))
    _console.print(f"written to {file}")


if __name__ == "__main__":
    options = sys.argv[1:]
    chosen = [name for name in options if name != "--quick"]
    sys.exit(main(chosen, quick="--quick" in options))
