"""What a run still lacks until it can be used."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ecommerce.sandbox import ports, rabbitmq, stack, supervisor
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.stack import Instance

OUTSIDE: Final = {"payment-provider": ports.PAYMENT_PROVIDER, "mailbox": ports.MAILBOX}


def missing(run: Run) -> str:
    """Say what is not ready, and nothing where all is. Raises `NotSupervised`."""
    states = {state.name: state for state in supervisor.states(run.folder)}
    return ", ".join(
        f"{name} ({'it ended and is started again: see its log' if states[name].ended else lack})"
        for name, lack in _lacks(run)
    )


def _lacks(run: Run) -> Iterator[tuple[str, str]]:
    for name, offset in OUTSIDE.items():
        if not rabbitmq.answers(run.port(offset)):
            yield name, "no answer yet"
    for instance in stack.instances(run):
        if lack := lacking(instance):
            yield instance.name, lack


def lacking(instance: Instance) -> str:
    """Say which of its checks an instance fails; nothing where it is ready."""
    try:
        status, body = _get(instance.port, "/health/ready")
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return "no answer yet"
    if status == http.HTTPStatus.OK:
        return ""
    checks = body.get("checks", {}) if isinstance(body, dict) else {}
    lacks = (
        f"{name} ({holds})" if isinstance(holds, str) else name
        for name, holds in checks.items()
        if holds is not True
    )
    return ", ".join(lacks) or "not ready"


def _get(port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read())
    finally:
        connection.close()
