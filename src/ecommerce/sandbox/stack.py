"""What makes a run: each program of it, the environment it gets, and the port it answers on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ecommerce.bus.topology import ADMIN
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Value
from ecommerce.sandbox import ports, postgres, rabbitmq, servers
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.program import Program

SERVERS: Final = "servers"
OUTSIDE: Final = "outside"
SERVICES: Final = "services"
PASSED_ON: Final = {"ORDER_DEADLINE_SECONDS": "orders", "MAIL_FROM": "notifications"}
"""The settings that whoever starts the run may give a service; LOG_LEVEL goes to all."""
SECRETS: Final = (
    f"postgres:{postgres.ADMIN}",
    *(f"postgres:{name}" for name in CONTEXTS),
    f"rabbitmq:{ADMIN}",
    *(f"rabbitmq:{name}" for name in CONTEXTS),
    "payment_key",
    "payment_webhook_secret",
)


class Instance(Value, frozen=True):
    """One process of a service."""

    name: str
    service: str
    port: int

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"


def instances(run: Run) -> Iterator[Instance]:
    """Yield the processes of every context, then the gateway."""
    for number, context in enumerate(CONTEXTS):
        first = run.port(ports.SERVICES + number * ports.INSTANCES)
        count = run.scale.get(context, 1)
        for index in range(count):
            name = context if count == 1 else f"{context}-{index + 1}"
            yield Instance(name, context, first + index)
    yield Instance("gateway", "gateway", run.port(ports.GATEWAY))


def used_ports(run: Run) -> list[int]:
    """List the offsets of all ports that the run takes."""
    fixed = (ports.POSTGRES, ports.AMQP, ports.MANAGEMENT, ports.EPMD, ports.DISTRIBUTION)
    outside = (ports.MAILBOX, ports.PAYMENT_PROVIDER)
    return [*fixed, *outside, *(instance.port - run.base for instance in instances(run))]


def node(run: Run) -> rabbitmq.Node:
    """Return the run's broker."""
    offsets = (ports.AMQP, ports.MANAGEMENT, ports.EPMD, ports.DISTRIBUTION)
    return rabbitmq.Node(run.folder / "rabbitmq", *map(run.port, offsets))


def gateway_url(run: Run) -> str:
    """Return the one public address."""
    return f"http://127.0.0.1:{run.port(ports.GATEWAY)}"


def programs(run: Run, secrets: Mapping[str, str]) -> dict[str, list[Program]]:
    """Return every program of the run, by group; groups stop in the reverse order."""
    return {
        SERVERS: list(_servers(run)),
        OUTSIDE: list(_outside(run, secrets)),
        SERVICES: [
            _serve(instance.name, instance.service, _settings(run, secrets, instance))
            for instance in instances(run)
        ],
    }


def another_gateway(run: Run, port: int) -> Program:
    """Return a gateway beside the run's own, as a load balancer would have it."""
    gateway = Instance("another-gateway", "gateway", port)
    return _serve(gateway.name, gateway.service, _settings(run, {}, gateway))


def _servers(run: Run) -> Iterator[Program]:
    if not run.database:
        yield postgres.program(run.folder / "postgres", run.port(ports.POSTGRES))
    if not run.broker:
        yield from rabbitmq.programs(node(run))


def _outside(run: Run, secrets: Mapping[str, str]) -> Iterator[Program]:
    yield _serve(
        "payment-provider",
        "payment-provider",
        {
            "HTTP_PORT": str(run.port(ports.PAYMENT_PROVIDER)),
            "PAYMENT_KEY": secrets["payment_key"],
            "PAYMENT_WEBHOOK_SECRET": secrets["payment_webhook_secret"],
            "PAYMENT_WEBHOOK_URL": f"{gateway_url(run)}/payments/webhooks",
            "PAYMENT_STATE": str(run.folder / "payments.sqlite"),
        },
    )
    mailbox = {"SMTP_PORT": str(run.port(ports.MAILBOX)), "MAILBOX": str(run.folder / "mailbox")}
    yield _serve("mailbox", "mailbox", mailbox)


def _settings(run: Run, secrets: Mapping[str, str], instance: Instance) -> dict[str, str]:
    settings = {"HTTP_PORT": str(instance.port)}
    wanted = ["LOG_LEVEL", *(name for name, of in PASSED_ON.items() if of == instance.service)]
    settings |= {name: os.environ[name] for name in wanted if name in os.environ}
    if instance.service == "gateway":
        return settings | _upstreams(run)
    settings["DATABASE_URL"] = servers.database_url(run, secrets, instance.service)
    settings["AMQP_URL"] = servers.amqp_url(run, secrets, instance.service)
    if instance.service == "payments":
        settings["PAYMENT_URL"] = f"http://127.0.0.1:{run.port(ports.PAYMENT_PROVIDER)}"
        settings["PAYMENT_KEY"] = secrets["payment_key"]
        settings["PAYMENT_WEBHOOK_SECRET"] = secrets["payment_webhook_secret"]
        settings["PAYMENT_RETURN_URL"] = f"{gateway_url(run)}/"
    if instance.service == "notifications":
        settings["SMTP_URL"] = f"smtp://127.0.0.1:{run.port(ports.MAILBOX)}"
    return settings


def _upstreams(run: Run) -> dict[str, str]:
    urls: dict[str, list[str]] = {}
    for instance in instances(run):
        urls.setdefault(instance.service, []).append(instance.url)
    return {f"{name.upper()}_URL": ",".join(urls[name]) for name in CONTEXTS}


def _serve(name: str, what: str, environment: Mapping[str, str]) -> Program:
    command = str(Path(sys.executable).with_name("ecommerce"))
    return Program(name, (command, "serve", what), environment)
