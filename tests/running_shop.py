"""The whole shop as its own processes, and what can be seen of it from outside."""

from __future__ import annotations

import mailbox
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg

from ecommerce.sandbox import folder, ports, processes, servers, stack
from ecommerce.sandbox.folder import Run

ECOMMERCE = Path(sys.executable).with_name("ecommerce")
PATIENCE = 30.0
"""Seconds in which an order has to come to rest."""


class RunningShop:
    """A run in a folder of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.environment = {**os.environ, "ECOMMERCE_RUN": str(place), "COLUMNS": "160"}

    def ecommerce(self, *words: str, expect: int = 0) -> str:
        """Run a command, and give what it prints."""
        done = subprocess.run(
            [ECOMMERCE, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == expect, f"{words}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def up(self, *words: str) -> str:
        """Start it, or what is left of it, with three instances of inventory."""
        return self.ecommerce("up", "--detach", "--scale", "inventory=3", *words)

    @property
    def run(self) -> Run:
        return folder.load_made(self.place)

    @property
    def gateway(self) -> str:
        return stack.gateway_url(self.run)

    @property
    def provider(self) -> str:
        """Return where the payment provider answers."""
        return f"http://127.0.0.1:{self.run.port(ports.PAYMENT_PROVIDER)}"

    def client(self, caller: str = "ann") -> httpx.Client:
        """Give a client of the gateway."""
        return httpx.Client(base_url=self.gateway, headers={"X-Caller": caller}, timeout=20)

    def processes(self) -> list[Any]:
        return processes.of_run(self.place)

    def rows(self, context: str, query: str) -> list[tuple[Any, ...]]:
        """Ask a context's database."""
        secrets = folder.passwords(self.place)
        with psycopg.connect(servers.database_url(self.run, secrets, context)) as db:
            return db.execute(query.encode()).fetchall()

    def log(self, context: str) -> list[dict[str, Any]]:
        """Read all documents of a context's log, in order."""
        rows = self.rows(context, "select state from events order by notification_id")
        return [msgspec.json.decode(state) for (state,) in rows]

    def queues(self) -> list[dict[str, Any]]:
        """List the broker's queues, with how many messages each holds."""
        url = servers.management_url(self.run, folder.passwords(self.place))
        return list(httpx.get(f"{url}/api/queues", timeout=20).raise_for_status().json())

    def events(self, order_id: str) -> dict[str, list[str]]:
        """List the types of all events of an order, by context, as their logs have them.

        Those of notifications are sorted: two mails may be under way at once.
        """
        found = {
            context: [each["type"] for each in self.log(context) if belongs(each, order_id)]
            for context in ("orders", "inventory", "payments", "notifications")
        }
        return {**found, "notifications": sorted(found["notifications"])}

    def accounts(self, **of: str) -> list[dict[str, Any]]:
        """List what the provider has on record for each order, or for one `order_id`."""
        url = f"{self.provider}/_sandbox/ledger"
        return list(httpx.get(url, params=of, timeout=20).json())

    def ledger(self, order_id: str) -> tuple[int, int]:
        """Say what the provider has captured and refunded for an order, in minor units."""
        entries = self.accounts(order_id=order_id)
        return sum(e["captured"] for e in entries), sum(e["refunded"] for e in entries)

    def mails(self, order_id: str) -> list[Message]:
        """Give the mails about an order, in the order in which they came."""
        box = mailbox.Maildir(self.place / "mailbox", create=False)
        paths = sorted((self.place / "mailbox" / "new").iterdir(), key=lambda p: p.stat().st_mtime)
        mails = [box[path.name] for path in paths]
        return [mail for mail in mails if order_id in str(mail["Message-ID"])]

    def wait_until_ready(self) -> None:
        """Wait until every context is ready, by what the gateway sees of it."""
        with self.client() as client:
            for _ in until(60, "the shop does not become ready"):
                if client.get("/health/ready").is_success:
                    return

    def rest(self, order_id: str) -> dict[str, Any]:
        """Wait until an order waits for nothing, and show it."""
        with self.client() as client:
            for _ in until(PATIENCE, f"order {order_id} does not come to rest"):
                timeline = client.get(f"/orders/{order_id}/timeline")
                if timeline.status_code == httpx.codes.OK and not timeline.json()["waiting"]:
                    shown: dict[str, Any] = client.get(f"/orders/{order_id}").json()
                    if shown["status"] != "open":
                        return shown
        raise AssertionError


def belongs(document: dict[str, Any], order_id: str) -> bool:
    """Say whether an event belongs to an order."""
    return bool(document["correlationid"] == order_id)


def until(seconds: float, complaint: str) -> Iterator[None]:
    """Yield every now and then; fail with the complaint when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
    raise AssertionError(complaint)
