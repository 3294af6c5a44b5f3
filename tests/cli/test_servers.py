from __future__ import annotations

import psutil
import psycopg
import pytest

import servers

pytestmark = pytest.mark.servers


def running_in(folder: str) -> set[str]:
    """Name the processes that have to do with the folder."""
    return {
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline", "environ"])
        if folder in f"{process.info['cmdline']} {process.info['environ']}"
    }


def test_a_private_postgresql_answers_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECOMMERCE_TEST_POSTGRES", raising=False)
    with servers.postgres() as url, psycopg.connect(url) as db:
        row = db.execute("select current_setting('data_directory'), current_setting('fsync')")
        data, fsync = row.fetchone() or ("", "")
        assert fsync == "on"
        assert "postgres" in running_in(data)
    assert not running_in(data)


def test_a_private_broker_answers_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECOMMERCE_TEST_RABBITMQ", raising=False)
    before = psutil.Process().children()
    with servers.rabbitmq():
        started = [child for child in psutil.Process().children() if child not in before]
        home = started[0].environ()["HOME"]
        assert {"beam.smp", "epmd"} <= running_in(home)
    servers.wait_until(lambda: not running_in(home), lambda: f"left: {running_in(home)}")
