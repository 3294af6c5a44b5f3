"""The sandbox's processes, started and killed by tests."""

from __future__ import annotations

import mailbox
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx

KEY = "sk_test_sandbox"
SECRET = "whsec_sandbox"  # noqa: S105 # of a server that lives as long as a test


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Program:
    """`serve()` of a sandbox module in a process of its own."""

    def __init__(self, module: str, port: int, environment: Mapping[str, str]) -> None:
        self._code = f"from ecommerce.sandbox.{module} import serve; serve()"
        self._environment = os.environ | environment
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(  # our own code
            [sys.executable, "-W", "error", "-c", self._code], env=self._environment
        )
        deadline = time.monotonic() + 15
        while not self._listens():
            assert self._process.poll() is None, "it ended instead of serving"
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(10)

    def _listens(self) -> bool:
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", self._port)) == 0


class PaymentProvider(Program):
    """The sandbox payment provider, with what it keeps in a file."""

    def __init__(self, state: Path, webhook_url: str = "") -> None:
        self._state = state
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            "HTTP_PORT": str(port),
            "PAYMENT_KEY": KEY,
            "PAYMENT_STATE": str(state),
            "PAYMENT_WEBHOOK_URL": webhook_url,
            "PAYMENT_WEBHOOK_SECRET": SECRET,
        }
        super().__init__("payment_provider", port, environment)

    def forget_keys(self) -> None:
        """Forget all idempotency keys, as the provider does after a day."""
        with closing(sqlite3.connect(self._state)) as database, database:
            database.execute("delete from answers")

    async def ledger(self, order_id: str) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.url) as http:
            answer = await http.get("/_sandbox/ledger", params={"order_id": order_id})
        found = answer.raise_for_status().json()
        return found[0] if found else {"captured": 0, "refunded": 0, "charges": [], "refunds": []}

    async def fail(self, **fault: object) -> None:
        async with httpx.AsyncClient(base_url=self.url) as http:
            (await http.post("/_sandbox/faults", json=fault)).raise_for_status()

    async def answer_bank(self, url: str, answer: str) -> httpx.Response:
        """Answer the bank on its page, as the customer does: by `approval` or `refusal`."""
        async with httpx.AsyncClient() as http:
            return await http.post(f"{url}/{answer}")

    async def mend(self) -> None:
        async with httpx.AsyncClient(base_url=self.url) as http:
            (await http.delete("/_sandbox/faults")).raise_for_status()


class Mailbox(Program):
    """The sandbox mailbox, with its Maildir."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"smtp://127.0.0.1:{port}"
        self.folder = folder
        super().__init__("mailbox", port, {"SMTP_PORT": str(port), "MAILBOX": str(folder)})

    def mails(self) -> list[EmailMessage]:
        """Read the mails, as any reader of Maildirs would."""
        with closing(mailbox.Maildir(self.folder)) as maildir:
            documents = [maildir.get_bytes(key) for key in maildir.keys()]  # noqa: SIM118 # its own
        return [message_from_bytes(document, policy=default) for document in documents]


@contextmanager
def running(program: Program) -> Iterator[None]:
    """Run a program, which is to end cleanly when it is told to."""
    program.start()
    try:
        yield
    except BaseException:
        program.stop(signal.SIGKILL)
        raise
    assert program.stop() == 0
