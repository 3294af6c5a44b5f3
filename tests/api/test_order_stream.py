"""Following an order over HTTP, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

import web
from ecommerce.api import audit, order_stream
from ecommerce.api.app import application
from ecommerce.api.order_stream import unseen
from ecommerce.projections.order_timeline import Step
from facts import NOON


def step(source: str, position: int, kind: str, cause: str = "request-1") -> Step:
    return Step(
        id=f"{kind}@{position}",
        order_id="7",
        time=NOON + timedelta(seconds=position),
        source=source,
        position=position,
        type=kind,
        stream="order-7",
        cause=cause,
        actor="ann",
        detail="",
    )


CREATED = step("orders", 1, "OrderCreated")
RESERVED = step("inventory", 2, "StockReserved", CREATED.id)
CONFIRMED = step("orders", 5, "OrderConfirmed")
SHIPPED = step("orders", 6, "OrderShipped")
DELIVERED = step("orders", 7, "OrderDelivered")


class Timeline:
    """The timeline of one order, which grows."""

    def __init__(self, *steps: Step) -> None:
        self.steps = [*steps]

    @asynccontextmanager
    async def read(self, _: str, __: str | None) -> AsyncIterator[Any]:
        yield self

    async def execute(self, *_: Any) -> Timeline:
        return self

    async def fetchone(self) -> tuple[str]:
        return (msgspec.json.encode(self.steps).decode(),)

    async def fetchall(self) -> list[tuple[str, int]]:
        return [("7", len(self.steps))] if self.steps else []


@asynccontextmanager
async def client(timeline: Timeline) -> AsyncIterator[httpx.AsyncClient]:
    app = application("audit", [audit.router(timeline.read)])
    async with web.running(app) as url, httpx.AsyncClient(base_url=url, timeout=10) as http:
        yield http


async def messages(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Read a stream of events, each as its fields."""
    told: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line:
            told[name or "comment"] = value
        elif told:
            yield told
            told = {}


async def all_of(http: httpx.AsyncClient, **headers: str) -> list[dict[str, str]]:
    async with http.stream("GET", "/orders/7/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [told async for told in messages(answer)]


async def test_an_order_is_followed_until_it_is_delivered() -> None:
    timeline = Timeline(CREATED, RESERVED)
    async with client(timeline) as http, http.stream("GET", "/orders/7/events") as answer:
        stream = messages(answer)
        first, second = await anext(stream), await anext(stream)
        timeline.steps += [CONFIRMED, SHIPPED, DELIVERED]
        rest = [told async for told in stream]
    assert (first["event"], first["id"]) == ("OrderCreated", "orders@1")
    assert (second["event"], second["id"]) == ("StockReserved", "inventory@2,orders@1")
    assert msgspec.json.decode(second["data"], type=Step) == RESERVED
    kinds = [told["event"] for told in rest]
    assert kinds == ["OrderConfirmed", "OrderShipped", "OrderDelivered", "end"]


async def test_whoever_comes_back_goes_on_where_they_were() -> None:
    # what inventory tells late stands before what was seen of orders, and is told all the same
    timeline = Timeline(CREATED, RESERVED, CONFIRMED, SHIPPED, DELIVERED)
    async with client(timeline) as http:
        told = await all_of(http, **{"Last-Event-ID": "orders@6"})
    assert [each["event"] for each in told] == ["StockReserved", "OrderDelivered", "end"]


async def test_whoever_has_seen_all_of_an_order_that_has_ended_need_not_come_back() -> None:
    dead = step("orders", 2, "OrderCancelled")
    settled = Timeline(CREATED, dead, step("payments", 3, "PaymentClosed"))
    seen = {"Last-Event-ID": "orders@2,payments@3"}
    async with client(settled) as http:
        done = await http.get("/orders/7/events", headers=seen)
        told = await all_of(http)
    assert (done.status_code, done.content) == (204, b"")
    assert told[-1]["event"] == "end"


async def test_silence_is_broken_by_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_stream, "BEAT", 0.05)
    async with client(Timeline(CREATED)) as http, http.stream("GET", "/orders/7/events") as answer:
        stream = messages(answer)
        assert (await anext(stream))["event"] == "OrderCreated"
        assert (await anext(stream)) == {"comment": "nothing new"}


async def test_an_order_that_was_just_placed_is_waited_for() -> None:
    timeline = Timeline()
    async with client(timeline) as http:
        asked = asyncio.create_task(all_of(http))
        await asyncio.sleep(0.1)
        timeline.steps = [CREATED, DELIVERED]
        told = await asked
    assert [each["event"] for each in told] == ["OrderCreated", "OrderDelivered", "end"]


async def test_an_order_of_which_nothing_is_known_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order_stream, "FIRST", 0.05)
    async with client(Timeline()) as http:
        answer = await http.get("/orders/7/events")
    assert answer.status_code == 404


async def test_a_place_that_was_never_given_is_refused() -> None:
    async with client(Timeline(CREATED)) as http:
        answers = [
            await http.get("/orders/7/events", headers={"Last-Event-ID": place})
            for place in ("7", "<script>")
        ]
    assert [answer.status_code for answer in answers] == [400, 400]


async def test_one_process_follows_so_many_orders_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order_stream, "MOST", 0)
    async with client(Timeline(CREATED)) as http:
        answer = await http.get("/orders/7/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("seen", [{}, {"orders": 5}, {"inventory": 4, "orders": 1}])
def test_each_source_s_steps_come_in_the_order_of_its_log(seen: dict[str, int]) -> None:
    steps: Sequence[Step] = [
        step("orders", 5, "OrderConfirmed"),
        step("inventory", 4, "StockReserved"),
        step("orders", 1, "OrderCreated"),
        step("inventory", 9, "StockShipped"),
    ]
    told = [*unseen(steps, seen)]
    for source in ("orders", "inventory"):
        positions = [each.position for each in told if each.source == source]
        assert positions == sorted(positions)
        assert all(position > seen.get(source, 0) for position in positions)
    assert len(told) == sum(each.position > seen.get(each.source, 0) for each in steps)
