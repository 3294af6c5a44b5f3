"""The supervisor of a run: it starts its programs, starts again what ends, and stops them all."""

from __future__ import annotations

import http.client
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from configparser import RawConfigParser
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from ecommerce.kernel import Value
from ecommerce.sandbox.folder import write_privately
from ecommerce.sandbox.processes import MARK
from ecommerce.sandbox.program import Program, start

RUNNING: Final = "RUNNING"


class NotSupervised(Exception):
    """No supervisor answers, or it cannot be told what to run."""


class State(Value, frozen=True):
    """How a program is."""

    name: str
    group: str
    state: str
    """The supervisor's word, such as RUNNING, STARTING, BACKOFF."""
    pid: int
    ended: bool
    """Whether it has ended since the supervisor began, so that it was or will be started again."""


def launch(folder: Path, groups: Mapping[str, Sequence[Program]]) -> subprocess.Popen[bytes]:
    """Start the supervisor, in a session of its own; no program of it runs yet."""
    configuration = folder / "supervisord.conf"
    write_privately(configuration, render(folder, groups).encode())
    module = (sys.executable, "-m", "supervisor.supervisord")
    program = Program("supervisor", (*module, "-n", "-c", str(configuration)))
    return start(program, folder / "log" / "supervisor.out", {MARK: str(folder)})


def render(folder: Path, groups: Mapping[str, Sequence[Program]]) -> str:
    """Return the supervisor's configuration."""
    parser = RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    parser.read_dict(_own_sections(folder))
    for priority, (group, programs) in enumerate(groups.items(), 1):
        names = ",".join(program.name for program in programs)
        parser[f"group:{group}"] = {"programs": names, "priority": str(priority)}
        for program in programs:
            section = _section(program, folder / "log" / f"{program.name}.log")
            parser[f"program:{program.name}"] = {k: _literal(v) for k, v in section.items()}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _own_sections(folder: Path) -> dict[str, dict[str, str]]:
    socket = _literal(str(folder / "supervisor.sock"))
    return {
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "supervisord": {
            "logfile": _literal(str(folder / "log" / "supervisor.log")),
            "logfile_maxbytes": "10MB",
            "logfile_backups": "2",
            "pidfile": _literal(str(folder / "supervisor.pid")),
            "silent": "true",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }


def _section(program: Program, log: Path) -> dict[str, str]:
    section = {
        "command": shlex.join(program.command),
        "directory": "/",
        "environment": ",".join(f"{k}={_quoted(v)}" for k, v in program.environment.items()),
        "autostart": "false",
        "autorestart": "true",
        "startretries": "1000000",  # an outage may take as long as it likes
        "stopsignal": program.signal.name.removeprefix("SIG"),
        "stopwaitsecs": str(program.patience),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(log),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
    }
    return section | ({"user": program.user} if program.user else {})


def _literal(value: str) -> str:
    return _sayable(value, r"\n|\s[#;]").replace("%", "%%")


def _quoted(value: str) -> str:
    sayable = _sayable(value, r"""["]|'$""")
    return f'"{sayable}"'


def _sayable(value: str, pitfalls: str) -> str:
    if re.search(pitfalls, value):
        raise NotSupervised(
            f"The supervisor would misread {value!r}: no line breaks, no # or ; after a space, no"
            ' ", no quote at the end. Change that path or that variable.'
        )
    return value


def states(folder: Path) -> list[State]:
    """Return how each program is. Raises `NotSupervised`."""
    return [
        State(each["name"], each["group"], each["statename"], each["pid"], each["stop"] > 0)
        for each in _call(folder, "getAllProcessInfo")
    ]


def start_program(folder: Path, group: str, name: str = "*") -> None:
    """Start a program, or all of a group, without waiting. Raises `NotSupervised`."""
    if name == "*":
        _call(folder, "startProcessGroup", group, False)  # noqa: FBT003 - the supervisor's API
    else:
        _call(folder, "startProcess", f"{group}:{name}", False)  # noqa: FBT003 - the same


def shut_down(folder: Path) -> None:
    """Ask the supervisor to stop all programs, then itself. Raises `NotSupervised`."""
    _call(folder, "shutdown")


def wake(folder: Path) -> None:
    """Have the supervisor look at once, if it is there, which of its programs have ended.

    By itself it looks about once a second, and only then tells the next group to stop.
    """
    with suppress(NotSupervised):  # while it shuts down it refuses every question, but looks
        _call(folder, "getState")


def _call(folder: Path, method: str, *arguments: Any) -> Any:
    transport = SupervisorTransport(None, None, f"unix://{folder / 'supervisor.sock'}")
    # The transport goes to the socket; the address is only there to be well-formed.
    server = ServerProxy("http://127.0.0.1", transport=transport)
    try:
        return getattr(server.supervisor, method)(*arguments)
    except (OSError, Fault, http.client.HTTPException) as error:
        raise NotSupervised(f"No supervisor answers in {folder}: {error}") from error
    finally:
        transport.close()
