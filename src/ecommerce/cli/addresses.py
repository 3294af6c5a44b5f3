"""The table that says where everything is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ecommerce.bus.topology import ADMIN
from ecommerce.cli.progress import say
from ecommerce.sandbox import folder, ports, postgres, servers, stack, supervisor
from ecommerce.sandbox.folder import Run

LOCAL: Final = (
    "Everything listens on this machine's loopback interface only. Nobody is authenticated yet:"
    " a caller is who its X-Caller header says."
)


def show(run: Run) -> None:
    """Print the table. Raises `NotSupervised`."""
    say("")
    for name, pid, address in [("SERVICE", "PID", "ADDRESS"), *_rows(run)]:
        say(f"{name:<18}{pid:>8}  {address}")
    say(f"\nData and logs are in {run.folder}\n{LOCAL}\n")


def _rows(run: Run) -> Iterator[tuple[str, str, str]]:
    pids = {state.name: str(state.pid) for state in supervisor.states(run.folder)}
    gateway = stack.gateway_url(run)
    yield "gateway", pids["gateway"], gateway
    yield "API docs", "", f"{gateway}/schema"
    yield "RabbitMQ console", "", _console(run)
    for instance in stack.instances(run):
        if instance.service != "gateway":
            yield instance.name, pids[instance.name], instance.url
    provider, mailbox = run.port(ports.PAYMENT_PROVIDER), run.port(ports.MAILBOX)
    yield "payment-provider", pids["payment-provider"], f"http://127.0.0.1:{provider}"
    yield "mailbox", pids["mailbox"], f"smtp://127.0.0.1:{mailbox}  (keeps {run.folder}/mailbox)"
    for name, url in _servers(run):
        yield name, pids.get(name, "yours"), servers.without_password(url)


def _servers(run: Run) -> Iterator[tuple[str, str]]:
    secrets = folder.passwords(run.folder)
    yield "rabbitmq", servers.amqp_url(run, secrets, ADMIN)
    yield "postgres", servers.database_url(run, secrets, postgres.ADMIN)


def _console(run: Run) -> str:
    if run.management:
        return servers.without_password(run.management)
    password = folder.passwords(run.folder)[f"rabbitmq:{ADMIN}"]
    url = f"http://127.0.0.1:{run.port(ports.MANAGEMENT)}"
    return f"{url}  (user {ADMIN}, password {password})"
