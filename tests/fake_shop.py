"""A shop in memory that answers HTTP as the real one does, for tests of its clients."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

Json = dict[str, Any]


NOW = "2026-01-01T12:00:00Z"
CONFIRMED = {"status": "confirmed", "code": None, "reason": None}
TOLD = [
    {"id": "order-1@1", "source": "orders", "type": "OrderCreated", "cause": "r", "time": NOW},
    {
        "id": "reservation-1@1",
        "source": "inventory",
        "type": "StockReserved",
        "cause": "order-1@1",
        "time": "2026-01-01T12:00:00.25Z",
    },
]


class Refused(Exception):
    """An answer that says no, as a problem document."""

    def __init__(self, status: int, kind: str, detail: str, faults: tuple[Json, ...] = ()) -> None:
        super().__init__(kind)
        self.status = status
        kind_of = {"type": f"/problems/{kind}", "title": kind}
        self.problem: Json = {**kind_of, "detail": detail, "errors": faults}


def _response(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), headers=headers)


class FakeShop:
    """Holds products, stock and orders; an order ends when it is asked for a second time."""

    def __init__(self) -> None:
        self.url = ""
        self.products: dict[str, Json] = {}
        self.received: Counter[str] = Counter()
        self.available: Counter[str] = Counter()
        self.movements: dict[str, list[Json]] = defaultdict(list)
        self.adjusted: list[tuple[str, int, str]] = []
        self.orders: dict[str, Json] = {}
        self.callers: set[str] = set()
        self.age = timedelta(0)
        self.trouble_every = 0
        """Each n-th request finds the shop busy, and one between has its connection torn."""
        self.hang_at_order = 0
        """The n-th order is recorded, but never answered."""
        self.hanging = threading.Event()
        self.lost_pence = 0
        self.stuck = False
        self.unreported = 0
        self.refuse_products = False
        self.oversells = False
        self._answers: dict[tuple[str, str], tuple[bytes, Json]] = {}
        self._asked: Counter[str] = Counter()
        self._requests = 0
        self._catalog = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self._requests += 1
        self.callers.add(request.headers.get("X-Caller", ""))
        if self.trouble_every and self._requests % self.trouble_every == 0:
            return web.Response(status=503, headers={"Retry-After": "0"})
        try:
            body, replayed = await self._once(request)
        except Refused as refusal:
            return _response(refusal.status, refusal.problem)
        if self.trouble_every and self._requests % self.trouble_every == 1 and request.transport:
            request.transport.close()  # it is done, but the client will not hear of it
        token = (
            {"Consistency-Token": f"catalog@{self._catalog}"} if "catalog" in request.path else {}
        )
        return _response(200, body, token | ({"Idempotent-Replayed": "true"} if replayed else {}))

    async def _once(self, request: web.Request) -> tuple[Any, bool]:
        key, content = request.headers.get("Idempotency-Key"), await request.read()
        if request.method != "POST":
            return self._act(request, content), False
        assert key
        known = self._answers.get((request.path, key))
        if known and known[0] != content:
            raise Refused(422, "key-reused", "This key was used before, for another request.")
        if known:
            return known[1], True
        answer = self._act(request, content)
        self._answers[request.path, key] = content, answer
        await self._maybe_hang(request)
        return answer, False

    async def _maybe_hang(self, request: web.Request) -> None:
        if request.path == "/orders" and len(self.orders) == self.hang_at_order:
            self.hanging.set()
            while request.transport and not request.transport.is_closing():  # noqa: ASYNC110 - polls
                await asyncio.sleep(0.01)

    def _act(self, request: web.Request, content: bytes) -> Any:
        path = request.path.strip("/").split("/")
        if request.method == "GET":
            return self._read(request, path)
        if request.method == "DELETE":
            return self.products.pop(path[-1])
        return self._write(path, msgspec.json.decode(content), request.headers)

    def _read(self, request: web.Request, path: list[str]) -> Any:
        match path:
            case ["health", "live"]:
                return {}
            case ["catalog", "products"]:
                return {"items": [*self.products.values()], "next": None}
            case ["inventory", "stock", sku]:
                return self._stock(sku)
            case ["orders"]:
                return self._list(request)
            case ["_sandbox", "ledger"]:
                return self._ledger()
            case ["orders", order_id]:
                return self.orders[order_id]
            case ["orders", order_id, "timeline"]:
                return self._timeline(order_id)
            case _:
                return self._sales(request.query["from"], request.query["to"])

    def _write(self, path: list[str], body: Json, headers: Mapping[str, str]) -> Json:
        match path:
            case ["catalog", "products"]:
                return self._add(body)
            case ["catalog", "products", sku, "price"]:
                return self._reprice(sku, body)
            case ["inventory", "stock", sku, "receipts"]:
                self.received[sku] += body["quantity"]
                self.movements[sku].append({"time": self._now(), **body})
                return self._count(sku, body["quantity"])
            case ["inventory", "stock", sku, "adjustments"]:
                self.adjusted.append((sku, body["quantity"], body["reason"]))
                return self._count(sku, body["quantity"])
            case _:
                return self._place(body, headers)

    def _add(self, body: Json) -> Json:
        if self.refuse_products:
            faults = ({"field": "name", "message": "is too long"},)
            raise Refused(422, "Invalid request", "Look", faults)
        if body["sku"] in self.products:
            raise Refused(409, "product-already-exists", "There is a product with this SKU.")
        self.products[body["sku"]] = body
        self._catalog += 1
        return {}

    def _reprice(self, sku: str, body: Json) -> Json:
        self.products[sku] = {**self.products[sku], "price": body["price"]}
        self._catalog += 1
        return {}

    def _count(self, sku: str, quantity: int) -> Json:
        if self.available[sku] + quantity < 0:
            raise Refused(409, "not-enough-stock", "The count cannot fall below what is held.")
        self.available[sku] += quantity
        return {}

    def _stock(self, sku: str) -> Json:
        if sku not in self.available:
            raise Refused(404, "about:blank", "It was never counted.")
        count = {"on_hand": self.received[sku], "available": self.available[sku]}
        reserved = self.received[sku] - self.available[sku]
        return {"sku": sku, **count, "reserved": reserved, "movements": self.movements[sku]}

    def _ledger(self) -> list[Json]:
        return [
            {"order_id": order_id, "captured": order["total"]["amount"], "charges": [{}]}
            for order_id, order in self.orders.items()
            if order["status"] == "confirmed"
        ]

    def _now(self) -> str:
        return (datetime.now(UTC) - self.age).isoformat()

    def _place(self, body: Json, headers: Mapping[str, str]) -> Json:
        token = headers.get("Consistency-Token", "")
        unknown = {line["sku"] for line in body["lines"]} - self.products.keys()
        if unknown or (self._catalog and token != f"catalog@{self._catalog}"):
            raise Refused(422, "unknown-sku", f"{unknown} with {token}")
        wanted = Counter[str]()
        for line in body["lines"]:
            wanted[line["sku"]] += line["quantity"]
        order_id = body.get("reference") or f"{len(self.orders) + 1}"
        now = self._now()
        times = {"placed_at": now, "created_at": now, "updated_at": now}
        order = {"order_id": order_id, "charges": [], **times, **body}
        order["owner"] = headers.get("X-Caller", "").partition(";")[0]
        order |= {"lines": self._priced(body["lines"]), **CONFIRMED}
        short = any(self.available[sku] < units for sku, units in wanted.items())
        if short and not self.oversells:
            order |= {"status": "cancelled", "code": "out_of_stock", "reason": "out of stock"}
        elif "Declined" in body["payment_method"]:
            order |= {"status": "cancelled", "code": "payment_failed", "reason": "card [declined]"}
        else:
            self.available.subtract(wanted)
        self.orders[order_id] = {**order, "total": self._total(order)}
        return {"order_id": order_id}

    def _priced(self, lines: list[Json]) -> list[Json]:
        return [
            {"number": number, "unit_price": self.products[line["sku"]]["price"], **line}
            for number, line in enumerate(lines, 1)
        ]

    def _total(self, body: Json) -> Json:
        lines = sum(line["quantity"] * line["unit_price"]["amount"] for line in body["lines"])
        charges = sum(charge["amount"]["amount"] for charge in body["charges"])
        return {"amount": lines + charges - self.lost_pence, "currency": "GBP"}

    def _list(self, request: web.Request) -> Json:
        references = request.query.getall("reference", [])
        if not references:
            return self._list_own(request)
        if not 1 <= len(references) <= int(request.query["limit"]) <= 100:
            raise Refused(400, "bad-request", "At most 100 references and orders at once.")
        return {"items": [self._seen(name) for name in references if name in self.orders]}

    def _list_own(self, request: web.Request) -> Json:
        caller, _, scopes = request.headers.get("X-Caller", "").partition(";")
        own = [o for o in self.orders.values() if "orders:read" in scopes or o["owner"] == caller]
        names = [order["order_id"] for order in own]
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        end = start + int(request.query["limit"])
        return {"items": own[start:end], "next": "/orders?after=…" if end < len(own) else None}

    def _seen(self, reference: str) -> Json:
        self._asked[reference] += 1
        order = self.orders[reference]
        return order if self._asked[reference] > 1 else {**order, "status": "open", "code": None}

    def _timeline(self, order_id: str) -> Json:
        """Show one event more each time it is asked for."""
        if order_id not in self._asked:
            self._asked[order_id] += 1
            raise Refused(404, "about:blank", "Nothing is known of it.")
        events = TOLD[: self._asked[order_id]]
        self._asked[order_id] += 1
        waiting = [{"for": "[the bank]", "since": NOW}] if events != TOLD or self.stuck else []
        return {"order_id": order_id, "events": events, "waiting": waiting}

    def _sales(self, first: str, last: str) -> Json:
        days: dict[str, Counter[str]] = defaultdict(Counter)
        for order in [*self.orders.values()][self.unreported :]:
            day = days[order["placed_at"][:10]]
            day[order["code"] or "confirmed"] += 1
            if order["status"] == "confirmed":
                units = sum(line["quantity"] for line in order["lines"])
                day.update(units=units, revenue=order["total"]["amount"])
        return {"items": [_day(d, c) for d, c in sorted(days.items()) if first <= d <= last]}


def _day(day: str, counts: Counter[str]) -> Json:
    return {
        "day": day,
        "currency": "GBP",
        "placed": counts["confirmed"] + counts["out_of_stock"],
        "confirmed": counts["confirmed"],
        "open": 0,
        "cancelled": {"out_of_stock": counts["out_of_stock"]} if counts["out_of_stock"] else {},
        "units": counts["units"],
        "revenue": {"amount": counts["revenue"], "currency": "GBP"},
    }


@contextmanager
def fake_shop() -> Iterator[FakeShop]:
    """Serve a fake shop on a free port of the loopback, in a thread of its own."""
    shop, ready, loop = FakeShop(), threading.Event(), asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", shop.serve)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        shop.url = f"http://{host}:{port}"
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield shop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
