"""What the figures were measured on: they say little without it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import psutil

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
        "postgresql": _version("/usr/lib/postgresql/*/bin/postgres"),
        "rabbitmq": _version("/usr/lib/rabbitmq/lib/rabbitmq_server-*"),
        "commit": _commit(),
    }


def _cpu() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _version(pattern: str) -> str:
    """Read a version off where the system's packages lie."""
    found = [re.search(r"\d[\d.]*", str(path)) for path in Path("/").glob(pattern[1:])]
    return max((match[0] for match in found if match), default="of your own")


def _commit() -> str:
    command = ("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10")
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    return done.stdout.strip() or "unknown"
