"""What stands in for the command loop and the read models in tests of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Router
from litestar.testing import AsyncTestClient
from litestar.types import ASGIApp

from ecommerce.adapters.payments.webhooks import BadSignature, WebhookEvent
from ecommerce.aggregates.payments import SucceedPayment
from ecommerce.api import audit, catalog, health, inventory, notifications, orders, payments
from ecommerce.api.app import application
from ecommerce.api.server import serve_http
from ecommerce.projections.reader import parse
from ecommerce.store.unit import Answer, KeyReused, Unit


class Loop:
    """Records units in memory, by key, as the command loop does, or fails as it is told to."""

    def __init__(self, decide: Callable[[Any], Sequence[str]] = lambda _: ["thing-1@1"]) -> None:
        self.units: list[Unit] = []
        self.failure: Exception | None = None
        self._decide = decide
        self._answers: dict[str, tuple[bytes, Answer]] = {}

    async def submit(self, unit: Unit) -> Answer:
        if self.failure:
            raise self.failure
        if unit.key in self._answers:
            digest, answer = self._answers[unit.key]
            if digest != unit.digest:
                raise KeyReused
            return msgspec.structs.replace(answer, replayed=True)
        answer = Answer(tuple(self._decide(unit.command)), 7)
        self.units.append(unit)
        self._answers[unit.key] = (unit.digest, answer)
        return answer

    @property
    def commands(self) -> list[Any]:
        return [unit.command for unit in self.units]


class _Database:
    """Answers each query with the same rows, whatever it asks for."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = msgspec.json.encode(rows).decode()
        self.values: list[Any] = []

    async def execute(self, _: Any, values: Any = None) -> _Database:
        self.values.append(values)
        return self

    async def fetchone(self) -> tuple[str]:
        return (self._rows,)


class Models:
    """Read models in memory, by name."""

    def __init__(self, **rows: Sequence[Any]) -> None:
        self.rows = rows
        self.tokens: list[str | None] = []
        self.values: list[Any] = []
        self.failure: Exception | None = None

    @asynccontextmanager
    async def read(self, name: str, token: str | None) -> AsyncIterator[Any]:
        parse(token)
        if self.failure:
            raise self.failure
        self.tokens.append(token)
        database = _Database(self.rows.get(name, []))
        yield database
        self.values += database.values


def verify(body: bytes, signature: str) -> WebhookEvent:
    if signature != "good":
        raise BadSignature("The webhook is not signed with our secret.")
    told = msgspec.json.decode(body)
    order_id = told.get("order_id")
    return WebhookEvent(told["id"], SucceedPayment(order_id, "ch_1") if order_id else None)


async def all_is_well() -> dict[str, bool]:
    return {"schema": True, "bus": True}


def routers(loop: Loop, models: Models) -> dict[str, Router]:
    """Make the routers of all contexts, by context."""
    submit, read = loop.submit, models.read
    return {
        "catalog": catalog.router(submit, read),
        "orders": orders.router(submit, read),
        "inventory": inventory.router(submit, read),
        "payments": payments.router(submit, read, verify),
        "notifications": notifications.router(read),
        "audit": audit.router(read),
    }


def client(
    context: str, loop: Loop | None = None, models: Models | None = None
) -> AsyncTestClient[Any]:
    """Make a client of one service."""
    router = routers(loop or Loop(), models or Models())[context]
    app = application(context, [router, health.router(all_is_well)])
    return AsyncTestClient(app, raise_server_exceptions=False)


def caller(name: str, *scopes: str) -> dict[str, str]:
    return {"X-Caller": f"{name}; {' '.join(scopes)}"}


def faults(answer: Any) -> dict[str, str]:
    """Take the fields at fault out of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return {error["field"]: error["message"] for error in answer.json().get("errors", [])}


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[str]:
    """Run an application on a port of its own, and give its URL."""
    stop, ports = asyncio.Event(), asyncio.Queue[int]()
    serving = asyncio.create_task(serve_http(app, "127.0.0.1", 0, stop, ports.put_nowait))
    try:
        async with asyncio.timeout(10):
            port = await ports.get()
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await serving
