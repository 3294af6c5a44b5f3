"""A private PostgreSQL: made from the system's binaries, on a port of its own on loopback."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from signal import Signals
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from ecommerce.sandbox.program import (
    NotInstalled,
    Program,
    give,
    run_as,
    server_user,
    surroundings,
)
from ecommerce.store.connection import ROOM

ADMIN: Final = "postgres"
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
}


def program(folder: Path, port: int) -> Program:
    """Return the server whose data lies in the folder. Raises `NotInstalled`."""
    settings = {**SETTINGS, "port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = (str(binary("postgres")), "-D", str(folder / "data"), *options)
    # SIGINT is its "fast" stop: it doesn't wait until its clients leave.
    return Program("postgres", command, {}, server_user(ADMIN), Signals.SIGINT, patience=30)


def prepare(folder: Path, password: str) -> None:
    """Make the data folder, unless it is there. Raises `NotInstalled`."""
    if (folder / "data").exists():
        return
    user = server_user(ADMIN)
    folder.mkdir(parents=True, exist_ok=True)
    give(folder, user, 0o700)
    unfinished = folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=folder) as file:
        file.write(password)
        file.flush()
        give(Path(file.name), user, 0o600)
        _initdb(unfinished, file.name, user)
    unfinished.rename(folder / "data")


def url(port: int, password: str, user: str = ADMIN, database: str = "") -> str:
    """Return the address of a database; the user's own name is the default one."""
    return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database or user}"


def ensure_database(admin_url: str, name: str, password: str) -> None:
    """Make a login role and a database of its own, which nobody else can enter."""
    role, secret = Identifier(name), Literal(password)
    with psycopg.connect(admin_url, autocommit=True) as db:
        exists = db.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
        verb = SQL("alter" if exists else "create")
        db.execute(SQL("{} role {} login password {}").format(verb, role, secret))
        if not db.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            db.execute(SQL("create database {} owner {}").format(role, role))
        db.execute(SQL("revoke all on database {} from public").format(role))


def answers(admin_url: str) -> bool:
    """Tell whether the server takes connections."""
    try:
        psycopg.connect(admin_url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def room(admin_url: str) -> int:
    """Count the connections that the server takes beside those that are open."""
    with psycopg.connect(admin_url) as db:
        row = db.execute(ROOM).fetchone()
    return int(row[0]) if row else 0


def _initdb(data: Path, password_file: str, user: str | None) -> None:
    options = ("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=scram-sha-256")
    command = [str(binary("initdb")), "-D", str(data), "-U", ADMIN, *options]
    command.append(f"--pwfile={password_file}")
    done = subprocess.run(  # noqa: S603 - a command line of our own
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=surroundings(),
        **run_as(user),
    )
    if done.returncode:
        raise NotInstalled(f"PostgreSQL's initdb could not make {data}: {done.stderr.strip()}")


def binary(name: str) -> Path:
    """Find one of PostgreSQL's programs, the newest of its kind. Raises `NotInstalled`."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3])
    )
    if found:
        return found[-1]
    if on_path := shutil.which(name):
        return Path(on_path)
    raise NotInstalled("PostgreSQL's server is not installed: apt-get install postgresql")
