"""A broker of one test's own, which the test may stop, kill and rob of its data."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import Signals

import servers
from ecommerce.bus.passwords import render
from ecommerce.bus.topology import definitions
from ecommerce.sandbox import ports, rabbitmq
from ecommerce.sandbox.program import start
from shop_bus import MEMBERS, Bus


class PrivateBroker:
    """A node that imports the shop's definitions at boot; each user's password is its name."""

    def __init__(self, place: Path) -> None:
        wanted = definitions(MEMBERS.values())
        wanted = render(wanted, {user["name"]: user["name"] for user in wanted["users"]})
        amqp, management, epmd, distribution = ports.pick(4)
        self._node = rabbitmq.Node(place / "mq", amqp, management, epmd, distribution)
        rabbitmq.prepare(self._node, wanted)
        self.names, self._program = servers.broker_programs(self._node)
        self.log = place / "log"
        self._process: subprocess.Popen[bytes] | None = None
        broker = servers.Broker(f"amqp://127.0.0.1:{amqp}", f"http://127.0.0.1:{management}")
        self.bus = Bus(broker, wanted)

    def answers(self) -> bool:
        return all(map(rabbitmq.answers, (self._node.amqp, self._node.management)))

    def epmd_answers(self) -> bool:
        return rabbitmq.answers(self._node.epmd)

    def start(self) -> None:
        """Start the broker, and wait until it answers."""
        self._process = start(self._program, self.log)
        servers.wait_until(self.answers, lambda: self.log.read_text()[-3000:])

    def kill(self) -> None:
        """Kill the broker at once, if it runs."""
        if self._process:
            self._process.send_signal(Signals.SIGKILL)
            self._process.wait()
            self._process = None

    def lose_data(self) -> None:
        """Delete all that the broker has kept."""
        shutil.rmtree(self._node.folder / "data")


@contextmanager
def private_broker() -> Iterator[PrivateBroker]:
    """Run a broker until the end of the block."""
    with servers.folder() as place:
        broker = PrivateBroker(place)
        with servers.running(broker.names, broker.log, broker.epmd_answers):
            broker.start()
            try:
                yield broker
            finally:
                broker.kill()
