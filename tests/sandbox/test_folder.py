from __future__ import annotations

import os
from pathlib import Path

import pytest

from ecommerce.sandbox import folder
from ecommerce.sandbox.folder import NoFolder, Run, choose


def test_a_users_run_is_in_the_project() -> None:
    assert choose(Path("/home/ann/shop"), root=False) == Path("/home/ann/shop/.run")


def test_roots_run_is_where_the_servers_users_can_enter() -> None:
    first, second = (choose(Path(place), root=True) for place in ("/srv/shop", "/srv/b/shop"))
    assert first.parent == second.parent == Path("/var/lib/ecommerce")
    assert first.name.startswith("shop-")
    assert first != second


def test_the_environment_may_name_the_folder(tmp_path: Path) -> None:
    assert folder.locate({"ECOMMERCE_RUN": str(tmp_path)}) == tmp_path


def test_a_folder_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoFolder, match="too long"):
        folder.make(tmp_path / ("x" * 90))


def test_what_a_start_kept_is_read_by_the_next(tmp_path: Path) -> None:
    with pytest.raises(NoFolder, match="ecommerce up"):
        folder.load_made(tmp_path)
    run = Run(tmp_path, 19_000, {"inventory": 3}, database="postgresql://a:b@db/postgres")
    folder.keep(run)
    assert folder.load_made(tmp_path) == run


def test_passwords_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    first = folder.passwords(tmp_path, ["rabbitmq:orders"])
    later = folder.passwords(tmp_path, ["rabbitmq:orders", "rabbitmq:audit"])
    assert later["rabbitmq:orders"] == first["rabbitmq:orders"]
    assert len(set(later.values())) == 2
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_nobody_else_starts_a_run_meanwhile(tmp_path: Path) -> None:
    with folder.locked(tmp_path), pytest.raises(NoFolder), folder.locked(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_run_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "run"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(NoFolder, match="belongs to"):
        folder.make(theirs)
