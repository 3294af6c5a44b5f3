"""A private RabbitMQ node with its own epmd: made from the system's package, all on loopback."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ecommerce.kernel import Value
from ecommerce.sandbox.program import NotInstalled, Program, give, server_user

PLUGINS: Final = "[rabbitmq_management]."


class Node(Value, frozen=True):
    """Where a node keeps its data, and its ports."""

    folder: Path
    amqp: int
    management: int
    epmd: int
    distribution: int


def prepare(node: Node, definitions: Mapping[str, Any] | None = None) -> None:
    """Write the node's configuration; definitions are imported at boot when they changed.

    Without definitions the broker makes its usual user `guest`. Raises `NotInstalled`.
    """
    user = server_user("rabbitmq")
    node.folder.mkdir(parents=True, exist_ok=True)
    give(node.folder, user, 0o700)
    cookie = node.folder / ".erlang.cookie"
    if not cookie.exists():
        _write(cookie, secrets.token_hex(20), user)
    _write(node.folder / "enabled_plugins", PLUGINS, user)
    settings = _configuration(node)
    if definitions is not None:
        file = node.folder / "definitions.json"
        _write(file, json.dumps(definitions, indent=2), user)
        settings += [
            "definitions.import_backend = local_filesystem",
            f"definitions.local.path = {file}",
            "definitions.skip_if_unchanged = true",
        ]
    _write(node.folder / "rabbitmq.conf", "\n".join([*settings, ""]), user)


def programs(node: Node) -> tuple[Program, Program]:
    """Return epmd, which must listen first, and the broker. Raises `NotInstalled`."""
    user = server_user("rabbitmq")
    environment = _environment(node)
    epmd = (_epmd(), "-port", str(node.epmd), "-address", "127.0.0.1")
    return (
        Program("epmd", epmd, environment, user),
        Program("rabbitmq", (_server(),), environment, user, patience=30),
    )


def answers(port: int) -> bool:
    """Tell whether something listens; the AMQP port opens after the definitions are imported."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=3).close()
    except OSError:
        return False
    return True


def _configuration(node: Node) -> list[str]:
    return [
        f"listeners.tcp.1 = 127.0.0.1:{node.amqp}",
        "management.tcp.ip = 127.0.0.1",
        f"management.tcp.port = {node.management}",
        "heartbeat = 10",
        "consumer_timeout = 86400000",  # a day: see infra/rabbitmq/rabbitmq.conf
    ]


def _environment(node: Node) -> dict[str, str]:
    return {
        **_places(str(node.folder)),
        "RABBITMQ_NODENAME": "ecommerce@localhost",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_DIST_PORT": str(node.distribution),
        "ERL_EPMD_PORT": str(node.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        # The schedulers must not spin: the machine is shared with everything else.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
        ),
        # Together these replace the wrapping shell by the node itself: one process to signal.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
    }


def _places(folder: str) -> dict[str, str]:
    """Say where the node has each of its files: not where the system's own node has it."""
    return {
        "HOME": folder,
        "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",  # or the system's own node's would be read
        "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
        "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/none.config",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
        "RABBITMQ_MNESIA_BASE": f"{folder}/data",
        "RABBITMQ_LOG_BASE": f"{folder}/log",
        "RABBITMQ_SCHEMA_DIR": f"{folder}/schema",
        "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/generated",
        "RABBITMQ_FEATURE_FLAGS_FILE": f"{folder}/feature_flags",
        "RABBITMQ_PID_FILE": f"{folder}/pid",
    }


def _server() -> str:
    # Debian's rabbitmq-server on PATH is a wrapper that insists on the system's own node.
    packaged = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    if packaged.exists():
        return str(packaged)
    if on_path := shutil.which("rabbitmq-server"):
        return on_path
    raise NotInstalled("RabbitMQ is not installed: apt-get install rabbitmq-server")


def _epmd() -> str:
    if on_path := shutil.which("epmd"):
        return on_path
    raise NotInstalled("Erlang's epmd is not installed: apt-get install erlang-base")


def _write(path: Path, text: str, user: str | None) -> None:
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_text(text)
    give(path, user, 0o400)
