"""Node.js and its packages, for the tests that need another language or what it has to offer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNREACHABLE = (
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTCACHED",
    "ENOTFOUND",
    "ETIMEDOUT",
)
"""What npm says where it cannot reach its registry."""

QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1")


def npm(place: Path, *words: str) -> None:
    """Run npm in a folder; skip the test where npm or its registry is not to be had."""
    program = shutil.which("npm")
    if program is None or shutil.which("node") is None:
        pytest.skip("Node.js and npm are not installed")
    command = [program, *words, *QUIETLY]
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode and any(code in done.stderr for code in UNREACHABLE):
        pytest.skip(f"npm reaches no registry: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr
