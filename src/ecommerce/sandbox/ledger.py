"""All that the sandbox provider knows, in one SQLite file that outlives the process."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ecommerce.kernel import Value
from ecommerce.sandbox.stripe_objects import Answer, Thing

# WAL without an fsync at each commit: what is committed outlives a kill, though not a power cut.
SCHEMA: Final = """
    pragma journal_mode = wal;
    pragma synchronous = normal;
    create table if not exists things (
        number integer primary key autoincrement,
        id text not null unique,
        kind text not null,
        body text not null
    );
    create index if not exists things_intent on things (kind, body ->> 'payment_intent');
    create table if not exists answers (
        key text primary key,
        request text not null,
        status integer not null,
        body text not null
    );
    create table if not exists webhooks (
        id text primary key,
        body text not null,
        attempts integer not null default 0,
        created real not null,
        due real not null
    );
    create index if not exists webhooks_due on webhooks (due);
"""


class Webhook(Value, frozen=True):
    """An event that the shop has not yet taken; times are seconds since 1970."""

    id: str
    body: str
    attempts: int
    created: float


class Ledger:
    """Stripe's objects, the answers given under idempotency keys, and the webhooks to be sent."""

    def __init__(self, path: Path, *, tells: bool = True) -> None:
        """Open the file; `tells` is whether there is anybody to send webhooks to."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._tells = tells
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of it or, where it raises, nothing."""
        self._db.execute("begin immediate")
        with self._db:
            yield

    def put(self, thing: Thing) -> None:
        """Add an object, or replace it where it is known."""
        self._db.execute(
            "insert into things (id, kind, body) values (?, ?, ?)"
            " on conflict (id) do update set body = excluded.body",
            (thing["id"], thing["object"], json.dumps(thing)),
        )

    def find(self, kind: str, name: str) -> Thing | None:
        """Find an object of this kind by its id."""
        found = self._db.execute("select body from things where id = ? and kind = ?", (name, kind))
        return next((json.loads(body) for (body,) in found), None)

    def all(self, kind: str, payment_intent: str | None = None) -> Iterator[Thing]:
        """List the objects of a kind, the newest first: all, or those of one payment intent."""
        where = " and body ->> 'payment_intent' = ?" if payment_intent else ""
        rows = self._db.execute(
            f"select body from things where kind = ?{where} order by number desc",  # noqa: S608 # no input in it
            (kind, payment_intent) if payment_intent else (kind,),
        )
        return (json.loads(body) for (body,) in rows)

    def recall(self, key: str) -> tuple[str, Answer] | None:
        """Find which request came under an idempotency key, and what it was answered."""
        query = "select request, status, body from answers where key = ?"
        for request, status, body in self._db.execute(query, (key,)):
            return request, Answer(status, json.loads(body), replayed=True)
        return None

    def remember(self, key: str, request: str, answer: Answer) -> None:
        """Keep what a request was answered under its idempotency key."""
        row = (key, request, answer.status, json.dumps(answer.body))
        self._db.execute("insert into answers values (?, ?, ?, ?)", row)

    def tell(self, event: Thing) -> None:
        """Queue the webhook of an event, where there is anybody to tell."""
        if not self._tells:
            return
        now = time.time()
        self._db.execute(
            "insert into webhooks (id, body, created, due) values (?, ?, ?, ?)",
            (event["id"], json.dumps(event), now, now),
        )

    def due(self, limit: int) -> list[Webhook]:
        """List the webhooks that are to be sent now, those longest due first."""
        rows = self._db.execute(
            "select id, body, attempts, created from webhooks where due <= ? order by due limit ?",
            (time.time(), limit),
        )
        return [Webhook(*row) for row in rows]

    def next_due(self) -> float | None:
        """Say when the next webhook is to be sent."""
        ((due,),) = self._db.execute("select min(due) from webhooks")
        return due if due is None else float(due)

    def put_off(self, webhook: Webhook, seconds: float) -> None:
        """Send a webhook again, later."""
        self._db.execute(
            "update webhooks set attempts = attempts + 1, due = ? where id = ?",
            (time.time() + seconds, webhook.id),
        )

    def drop(self, webhook: Webhook) -> None:
        """Forget a webhook: it was taken, or given up."""
        self._db.execute("delete from webhooks where id = ?", (webhook.id,))
