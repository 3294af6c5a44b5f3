"""What can be wrong with a part of a shop that runs, for as long as a block takes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from running_shop import RunningShop

PROVIDER = "payment-provider"


@contextmanager
def paused(shop: RunningShop, what: str) -> Iterator[None]:
    """Let the processes of a context, or of a sandbox, stand still until the end of the block."""
    stopped = [each for each in shop.processes() if each.cmdline()[-2:] == ["serve", what]]
    assert stopped
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            process.send_signal(signal.SIGCONT)


@contextmanager
def provider_down(shop: RunningShop) -> Iterator[None]:
    """End the provider's process, so that it takes no connection until the end of the block."""
    _supervise(shop, "stop", f"outside:{PROVIDER}")
    try:
        yield
    finally:
        _supervise(shop, "start", f"outside:{PROVIDER}")


def _supervise(shop: RunningShop, *words: str) -> None:
    socket = f"unix://{shop.run.folder / 'supervisor.sock'}"
    control = (sys.executable, "-m", "supervisor.supervisorctl", "-s", socket)
    subprocess.run([*control, *words], check=True, capture_output=True, timeout=60)


@contextmanager
def unreachable(shop: RunningShop, path: str) -> Iterator[None]:
    """Let the provider do nothing that is asked of it under a path, until the end of the block."""
    faults = f"{shop.provider}/_sandbox/faults"
    fault = {"when": "before", "path": path, "status": 503, "times": 1000}
    httpx.post(faults, json=fault).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(faults).raise_for_status()


def slow_down_the_next_charge(shop: RunningShop, seconds: float) -> None:
    """Let the provider take so long before it does what is asked."""
    fault = {"when": "before", "path": "payment_intents", "delay": seconds, "times": 1}
    httpx.post(f"{shop.provider}/_sandbox/faults", json=fault).raise_for_status()
