"""How much processor time each process takes: ours, and the servers it talks to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

import psutil

Meters: TypeAlias = Mapping[str, Callable[[], float]]
"""For each process, by name, how to ask for the seconds of processor time that it has used."""


def this_process() -> float:
    """Count what this process has used, with its children that have ended."""
    return _used(psutil.Process())


def server(url: str) -> Callable[[], float]:
    """Give the meter of the server that listens at this address, with all of its children.

    Raises `LookupError` where no process of this machine does.
    """
    root = psutil.Process(_listener(urlsplit(url).port or 0))
    return lambda: family([root.pid])


def family(pids: Iterable[int]) -> float:
    """Count what these processes have used, with all of their children, ended or not."""
    return sum(_used(each) for pid in pids for each in _with_children(pid))


def _with_children(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # its parent counts it by now
    # typeshed does not know that Linux counts the children that have ended.
    return float(sum(times[:4]))


def _listener(port: int) -> int:
    for socket in psutil.net_connections("tcp"):
        listens = socket.status == psutil.CONN_LISTEN and socket.laddr[1:] == (port,)
        if listens and socket.pid:
            return socket.pid
    raise LookupError(
        f"No process of this machine listens on port {port}, or it is another user's. A bench"
        " counts the processor time of its servers, so they must run here, under your own user."
    )
