from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import make_conninfo

from ecommerce.cli import setup as module
from ecommerce.cli.setup import rendered, setup, variables
from ecommerce.store.migrate import known

PASSWORDS = {user: f"{user}-secret" for user in module.USERS}


def run(file: Path, environment: dict[str, str]) -> Result:
    nothing = dict.fromkeys(variables())
    return CliRunner().invoke(setup, ["--definitions", str(file)], env={**nothing, **environment})


def test_it_names_each_variable_that_is_missing(tmp_path: Path) -> None:
    result = run(tmp_path / "d.json", {"DATABASE_URL": "postgresql://x", "ADMIN_PASSWORD": "x"})
    assert result.exit_code == 1
    assert "CATALOG_PASSWORD, ORDERS_PASSWORD" in result.output
    assert "ADMIN_PASSWORD" not in result.output


def test_it_says_that_the_server_cannot_be_reached(tmp_path: Path) -> None:
    closed = {"DATABASE_URL": "postgresql://postgres@127.0.0.1:9/postgres"}
    result = run(tmp_path / "d.json", closed | passwords())
    assert result.exit_code == 1
    assert "The databases are not ready" in result.output


def test_the_same_passwords_make_the_same_file_so_that_the_broker_imports_it_once() -> None:
    assert rendered(PASSWORDS) == rendered(PASSWORDS)
    assert rendered(PASSWORDS) != rendered({**PASSWORDS, "orders": "another"})


def test_every_user_of_the_broker_gets_a_password_and_none_stands_in_the_file() -> None:
    users = json.loads(rendered(PASSWORDS))["users"]
    assert all(user["password_hash"] for user in users)
    assert b"-secret" not in rendered(PASSWORDS)


def passwords() -> dict[str, str]:
    return {f"{user.upper()}_PASSWORD": password for user, password in PASSWORDS.items()}


@pytest.fixture
def two_contexts(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the command know two contexts whose names no other test uses."""
    names = ("setup_one", "setup_two")
    monkeypatch.setattr(module, "CONTEXTS", dict.fromkeys(names))
    monkeypatch.setattr(module, "USERS", ("admin", *names))
    monkeypatch.setattr(module, "rendered", lambda _: b"{}")
    yield postgres
    with psycopg.connect(postgres, autocommit=True) as db:
        for name in names:
            db.execute(f'drop database if exists "{name}"'.encode())
            db.execute(f'drop role if exists "{name}"'.encode())


@pytest.mark.servers
def test_each_context_gets_a_database_of_its_own_and_a_second_run_changes_nothing(
    two_contexts: str, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": two_contexts,
        "ADMIN_PASSWORD": "a",
        "SETUP_ONE_PASSWORD": "one",
        "SETUP_TWO_PASSWORD": "two",
    }
    first, second = (run(tmp_path / "d.json", environment) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert f"setup_one: took {next(iter(known()))}" in first.output
    assert second.output == f"wrote {tmp_path / 'd.json'}\n"
    secret = environment["SETUP_ONE_PASSWORD"]
    own = make_conninfo(two_contexts, user="setup_one", dbname="setup_one", password=secret)
    with psycopg.connect(own) as db:
        assert db.execute("select count(*) from events").fetchone() == (0,)
