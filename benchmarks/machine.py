"""What the figures were measured on: they say little without it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import psutil

from ecommerce.sandbox.postgres import binary

ROOT = Path(__file__).parents[1]


def describe() -> dict[str, object]:
    """Describe the machine, its programs, and the code."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": os.getloadavg(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": _said(str(binary("postgres")), "--version"),
        "rabbitmq": _broker(),
        "commit": _said("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
    }


def _cpu() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _broker() -> str:
    """Read the version off where the system's package lies: to ask it takes seconds."""
    found = Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*")
    return ", ".join(each.name for each in found) or "of your own"


def _said(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    return done.stdout.strip() or "unknown"
