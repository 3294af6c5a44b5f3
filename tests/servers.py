"""The servers that tests run against: a developer's own, or private ones for one run of pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import Signals
from typing import NamedTuple

from msgspec.structs import replace

from ecommerce.sandbox import ports
from ecommerce.sandbox import postgres as private_postgres
from ecommerce.sandbox import rabbitmq as private_rabbitmq
from ecommerce.sandbox.program import Program, start

BROKER4 = Path(__file__).parents[1] / "infra/rabbitmq/broker4.sh"


class Broker(NamedTuple):
    """A broker whose user may do everything."""

    amqp: str
    management: str


@contextmanager
def postgres() -> Iterator[str]:
    """Give a server's admin URL: that of ECOMMERCE_TEST_POSTGRES, or of a private one."""
    if given := os.environ.get("ECOMMERCE_TEST_POSTGRES"):
        yield given
        return
    (port,) = ports.pick(1)
    url = private_postgres.url(port, "test")
    with folder() as place:
        private_postgres.prepare(place / "postgres", "test")
        server = private_postgres.program(place / "postgres", port)
        server = replace(server, signal=Signals.SIGQUIT)  # no checkpoint: the data is thrown away
        with running(server, place / "log", lambda: private_postgres.answers(url)):
            yield url


@contextmanager
def rabbitmq() -> Iterator[Broker]:
    """Give a broker: that of ECOMMERCE_TEST_RABBITMQ (and …_MANAGEMENT), or a private one."""
    if given := os.environ.get("ECOMMERCE_TEST_RABBITMQ"):
        yield Broker(given, os.environ["ECOMMERCE_TEST_RABBITMQ_MANAGEMENT"])
        return
    amqp, management, epmd, distribution = ports.pick(4)
    with folder() as place:
        node = private_rabbitmq.Node(place / "mq", amqp, management, epmd, distribution)
        private_rabbitmq.prepare(node)
        names, broker = broker_programs(node)
        # Its management console takes 5 s to stop, and nobody needs the data any more.
        broker = replace(broker, signal=Signals.SIGKILL)
        log = place / "log"
        with (
            running(names, log, lambda: private_rabbitmq.answers(epmd)),
            running(broker, log, lambda: all(map(private_rabbitmq.answers, (amqp, management)))),
        ):
            yield Broker(f"amqp://guest:guest@127.0.0.1:{amqp}", f"http://127.0.0.1:{management}")


def broker_programs(node: private_rabbitmq.Node) -> tuple[Program, Program]:
    """Return epmd and the broker: the system's, or the newer one of `make test-rabbitmq-4`."""
    names, broker = private_rabbitmq.programs(node)
    root = os.environ.get("ECOMMERCE_TEST_RABBITMQ4")
    if not root:
        return names, broker
    command = (str(BROKER4), "run", str(node.folder), *broker.command)
    environment = {**broker.environment, "ECOMMERCE_RABBITMQ4": root}
    return names, replace(broker, command=command, environment=environment, user=None)


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that the servers' users can enter, which pytest's own is not for root."""
    place = Path(tempfile.mkdtemp(prefix="ecommerce-"))
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place)


@contextmanager
def running(program: Program, log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """Run a program until the end of the block, which begins when the program answers."""
    process = start(program, log)
    try:
        wait_until(answers, lambda: f"{program.name} does not answer\n{log.read_text()[-3000:]}")
        yield
    finally:
        stop(process, program)


def stop(process: subprocess.Popen[bytes], program: Program) -> None:
    """Stop a program as the supervisor does: politely, then at once."""
    process.send_signal(program.signal)
    try:
        process.wait(program.patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(
    holds: Callable[[], bool], complaint: Callable[[], str], seconds: float = 60
) -> None:
    """Wait for a condition; fail with the complaint when the time is over."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(complaint())
        time.sleep(0.05)
