from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ecommerce.cli.main import COMMANDS, main
from ecommerce.sandbox import folder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECOMMERCE_RUN", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def ecommerce(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_says_what_it_does(name: str) -> None:
    module, _, attribute = COMMANDS[name].partition(":")
    assert isinstance(getattr(import_module(module), attribute), click.Command)
    assert ecommerce(name, "--help").exit_code == 0


def test_help_lists_all_commands() -> None:
    assert all(f"  {name} " in ecommerce("--help").output for name in COMMANDS)


def test_the_version_is_told() -> None:
    assert ecommerce("--version").output.startswith("ecommerce ")


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["migrate"],
        ["events", "tail"],
        ["orders", "show", "1"],
        ["torture", "oversell"],
        ["reset", "--yes"],
    ],
)
def test_before_the_first_start_one_line_says_so(command: list[str]) -> None:
    result = ecommerce(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Nothing was started in")
    assert result.stderr.count("\n") == 1


def test_down_with_nothing_running_is_no_error() -> None:
    result = ecommerce("down")
    assert (result.exit_code, result.output) == (0, "Nothing is running.\n")


@pytest.mark.parametrize("scale", ["inventory", "inventory=0", "inventory=11", "nobody=2", "=1"])
def test_a_scale_that_cannot_be_is_refused(scale: str) -> None:
    result = ecommerce("up", "--scale", scale)
    assert result.exit_code == 2
    assert "--scale" in result.stderr


def test_status_says_when_nothing_runs(place: Path) -> None:
    folder.keep(folder.Run(place))
    result = ecommerce("status")
    assert result.exit_code == 1
    assert result.stderr == "Error: Nothing is running: `ecommerce up` starts it.\n"


def test_a_database_that_is_away_is_told_in_one_line(place: Path) -> None:
    folder.keep(folder.Run(place, database="postgresql://u:p@127.0.0.1:1/postgres"))
    folder.passwords(place, ["postgres:orders"])
    result = ecommerce("events", "tail", "orders")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_reset_asks_and_deletes_only_what_is_ours(place: Path) -> None:
    folder.keep(folder.Run(place))
    (place / "postgres").mkdir()
    (place / "letter.txt").touch()
    refused = CliRunner().invoke(main, ["reset"], input="n\n")
    assert refused.exit_code == 1
    assert (place / "postgres").exists()
    assert ecommerce("reset", "--yes").exit_code == 0
    assert {entry.name for entry in place.iterdir()} == {"letter.txt", "lock"}
