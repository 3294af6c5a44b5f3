"""How a sandbox server hears that it is to stop, and where it listens."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

LOOPBACK: Final = "127.0.0.1"
"""Where sandbox servers listen: they ask nobody who they are."""


def stop_signal() -> asyncio.Event:
    """Make an event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
