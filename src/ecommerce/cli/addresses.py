"""The table that says where everything is."""

from __future__ import annotations

from typing import Final

from ecommerce.bus.topology import ADMIN
from ecommerce.cli.progress import say
from ecommerce.sandbox import folder, ports, stack, supervisor
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


def _rows(run: Run) -> list[tuple[str, str, str]]:
    pids = {state.name: str(state.pid) for state in supervisor.states(run.folder)}
    gateway = stack.gateway_url(run)
    password = folder.passwords(run.folder)[f"rabbitmq:{ADMIN}"]
    console_url = f"http://127.0.0.1:{run.port(ports.MANAGEMENT)}"
    tail = [
        ("payment-provider", f"http://127.0.0.1:{run.port(ports.PAYMENT_PROVIDER)}"),
        (
            "mailbox",
            f"smtp://127.0.0.1:{run.port(ports.MAILBOX)}  (kept in {run.folder}/mailbox)",
        ),
        ("rabbitmq", f"amqp://127.0.0.1:{run.port(ports.AMQP)}"),
        ("postgres", f"postgresql://127.0.0.1:{run.port(ports.POSTGRES)}"),
    ]
    services = [(each.name, each.url) for each in stack.instances(run)]
    return [
        ("gateway", pids["gateway"], gateway),
        ("API docs", "", f"{gateway}/schema"),
        ("RabbitMQ console", "", f"{console_url}  (user {ADMIN}, password {password})"),
        *((name, pids[name], url) for name, url in [*services[:-1], *tail]),
    ]
