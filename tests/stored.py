"""The checked-in documents: one of each event type and version that a log may hold."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "contracts" / "stored"


def stored_documents() -> list[bytes]:
    """Read them all, in the order of their names."""
    return [path.read_bytes() for path in sorted(FOLDER.glob("*.json"))]
