"""Where a run's database server and broker are: private ones, or those of whoever started it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from ecommerce.bus.topology import ADMIN, VHOST
from ecommerce.config import ConfigError
from ecommerce.sandbox import ports, postgres
from ecommerce.sandbox.folder import Run

DATABASE: Final = "DATABASE_URL"
BROKER: Final = "AMQP_URL"
MANAGEMENT: Final = "RABBITMQ_MANAGEMENT_URL"


def given(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read which servers are to be used instead of private ones. Raises `ConfigError`."""
    database, broker = environment.get(DATABASE, ""), environment.get(BROKER, "")
    management = environment.get(MANAGEMENT, "")
    if database and not database.startswith(("postgresql://", "postgres://")):
        raise ConfigError(
            f"{DATABASE} is no address: say postgresql://USER:PASSWORD@HOST:PORT/NAME of a"
            " superuser, or unset it for a private server."
        )
    if broker and not management:
        raise ConfigError(
            f"{BROKER} names a broker of your own, so {MANAGEMENT} must say where it can be"
            " managed, as http://USER:PASSWORD@127.0.0.1:15672; or unset it for a private one."
        )
    return {"database": database, "broker": broker, "management": management if broker else ""}


def database_url(run: Run, secrets: Mapping[str, str], name: str) -> str:
    """Return the address of a context's database, or of the administrator's."""
    if not run.database:
        return postgres.url(run.port(ports.POSTGRES), secrets[f"postgres:{name}"], name)
    if name == postgres.ADMIN:
        return run.database
    return _with(run.database, name, secrets[f"postgres:{name}"], name)


def amqp_url(run: Run, secrets: Mapping[str, str], name: str) -> str:
    """Return the address of the broker for a context."""
    broker = run.broker or f"amqp://127.0.0.1:{run.port(ports.AMQP)}"
    return _with(broker, name, secrets[f"rabbitmq:{name}"], VHOST)


def management_url(run: Run, secrets: Mapping[str, str]) -> str:
    """Return the address of the broker's management API, with its user and password."""
    password = secrets[f"rabbitmq:{ADMIN}"]
    return run.management or f"http://{ADMIN}:{password}@127.0.0.1:{run.port(ports.MANAGEMENT)}"


def without_password(url: str) -> str:
    """Return an address that may be shown."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _with(url: str, user: str, password: str, path: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{user}:{password}@{host}", f"/{path}", parts.query, ""))
