from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import Signals
from subprocess import Popen

import psutil
import pytest
from supervisor.options import ServerOptions

import servers
from ecommerce.sandbox import processes, supervisor
from ecommerce.sandbox.program import Program

ODD = "a,b {1,2} 100% of 'x'#1"
SLEEP = ("/bin/sleep", "600")


def read_back(folder: Path, groups: dict[str, list[Program]]) -> ServerOptions:
    """Let the supervisor itself read what we wrote."""
    file = folder / "supervisord.conf"
    file.write_text(supervisor.render(folder, groups))
    (folder / "log").mkdir()
    options = ServerOptions()
    options.realize(["-n", "-c", str(file)])
    return options


def test_the_supervisor_reads_commands_and_settings_as_they_were_meant(tmp_path: Path) -> None:
    program = Program("one", ("/bin/echo", "50%", "two words"), {"ODD": ODD}, patience=7)
    (group,) = read_back(tmp_path, {"services": [program]}).process_group_configs
    (read,) = group.process_configs
    assert read.command == "/bin/echo 50% 'two words'"
    assert read.environment["ODD"] == ODD
    assert (read.stopsignal, read.stopwaitsecs) == (Signals.SIGTERM, 7)
    assert (read.autostart, read.killasgroup) == (False, True)


@pytest.mark.parametrize("value", ["two\nlines", "shop #1", "a; b ;c", 'the "shop"', "the 'shop'"])
def test_what_the_supervisor_would_misread_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(supervisor.NotSupervised, match="misread"):
        supervisor.render(tmp_path, {"services": [Program("one", SLEEP, {"ODD": value})]})


def test_groups_stop_in_the_reverse_of_their_order(tmp_path: Path) -> None:
    groups = {"servers": [Program("db", SLEEP)], "services": [Program("orders", SLEEP)]}
    read = read_back(tmp_path, groups).process_group_configs
    assert [group.name for group in sorted(read)] == ["servers", "services"]


@contextmanager
def supervised() -> Iterator[tuple[Path, Popen[bytes]]]:
    """Start a supervisor whose only program runs; give its folder and its process."""
    with servers.folder() as place:
        (place / "log").mkdir()
        process = supervisor.launch(place, {"services": [Program("one", SLEEP, patience=5)]})
        servers.wait_until(lambda: answers(place), lambda: "no supervisor")
        supervisor.start_program(place, "services")
        servers.wait_until(lambda: pid_of(place) > 0, lambda: "did not start")
        yield place, process


@pytest.mark.servers
def test_a_program_that_ends_starts_again_and_none_outlives_the_supervisor() -> None:
    with supervised() as (place, process):
        first = pid_of(place)
        psutil.Process(first).kill()
        servers.wait_until(lambda: pid_of(place) not in {0, first}, lambda: "did not start again")
        supervisor.shut_down(place)
        process.wait(30)
        assert not processes.of_run(place)


@pytest.mark.servers
def test_what_a_killed_supervisor_leaves_is_found_and_ended() -> None:
    with supervised() as (place, process):
        orphan = pid_of(place)
        process.kill()
        process.wait()
        assert [found.pid for found in processes.of_run(place)] == [orphan]
        processes.end(place)
        assert not processes.of_run(place)


def answers(place: Path) -> bool:
    try:
        return bool(supervisor.states(place))
    except supervisor.NotSupervised:
        return False


def pid_of(place: Path) -> int:
    (state,) = supervisor.states(place)
    return state.pid
