"""Which ports are used: all on loopback, all below those that outgoing connections take."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterable
from typing import Final

DEFAULT_BASE: Final = 18_000
STEP: Final = 100
LIMIT: Final = 32_768
"""From here on Linux hands ports to outgoing connections."""
BASES: Final = range(1024, LIMIT - STEP + 1)

GATEWAY: Final = 0
POSTGRES: Final = 1
AMQP: Final = 2
MANAGEMENT: Final = 3
EPMD: Final = 4
DISTRIBUTION: Final = 5
MAILBOX: Final = 10
PAYMENT_PROVIDER: Final = 11
SERVICES: Final = 20
INSTANCES: Final = 10
"""How many ports each context has for its instances."""


class NoPorts(Exception):
    """No range of ports is free."""


def is_free(port: int) -> bool:
    """Tell whether nothing listens on the port of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_base(
    wanted: int, offsets: Iterable[int], is_free: Callable[[int], bool] = is_free
) -> int:
    """Return the first base, from the wanted one on in steps, whose ports are all free.

    Raises `NoPorts`.
    """
    offsets = tuple(offsets)
    for base in range(wanted, LIMIT - STEP + 1, STEP):
        if all(is_free(base + offset) for offset in offsets):
            return base
    raise NoPorts(
        f"No free ports from {wanted} to {LIMIT}."
        " End what listens there, or give another --port-base."
    )


def pick(count: int) -> list[int]:
    """Return some free ports, at random so that test runs beside each other seldom meet."""
    candidates = random.sample(range(20_000, LIMIT), k=2_000)
    found = [port for port in candidates if is_free(port)][:count]
    if len(found) < count:
        raise NoPorts(f"No {count} free ports from 20000 to {LIMIT}.")
    return found
