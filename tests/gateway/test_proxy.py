"""Requests through the gateway, over real connections to what stands in for the services."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

import web
from ecommerce.api.app import LARGEST_BODY
from ecommerce.gateway import proxy, room
from ecommerce.gateway.app import application
from ecommerce.gateway.main import CONTEXTS
from ecommerce.gateway.upstreams import Upstream
from ecommerce.projections.reader import WAIT_SECONDS
from ecommerce.store.line import PATIENCE

NOWHERE = "http://127.0.0.1:1"


class Echo:
    """A service that tells what it was asked, in an answer of two parts."""

    def __init__(self, name: str = "echo", status: int = 200) -> None:
        self.name = name
        self.status = status
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # type: ignore[comparison-overlap]  # Litestar's types
            await _lifespan(receive, send)
            return
        body = await _read(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        target = f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
        self.asked.append((scope["method"], target, headers, body))  # type: ignore[typeddict-item]
        answer = [
            (b"x-name", self.name.encode()),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"keep-alive", b"timeout=9"),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": answer})
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        await send({"type": "http.response.body", "body": b"two", "more_body": False})


async def _lifespan(receive: Any, send: Any) -> None:
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})


async def _read(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


@asynccontextmanager
async def gateway(**urls: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a gateway over these services, and give a client of it."""
    upstreams = {context: Upstream(urls.get(context, NOWHERE)) for context in CONTEXTS}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(proxy.open_session())
        url = await stack.enter_async_context(web.running(application(session, upstreams)))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=url))


@asynccontextmanager
async def closing(answers: list[bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a service that reads a request, sends the next of these answers, and hangs up."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers.pop(0) if answers else b"")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked


def problem(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    kind: str = body["type"]
    return kind


async def test_a_request_is_passed_on_as_it_is() -> None:
    echo = Echo(status=202)
    async with web.running(echo) as url, gateway(orders=url) as http:
        target, headers = "/orders/a%2Fb?q=a%20b&q=2", {"X-Caller": "ann"}
        answer = await http.post(target, content=b"{}", headers=headers)
    assert (answer.status_code, answer.content) == (202, b"one two")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-name"] == "echo"
    assert "keep-alive" not in answer.headers
    assert len(answer.headers.get_list("date")) == 1
    ((method, target, headers, body),) = echo.asked
    assert (method, target, body) == ("POST", "/orders/a%2Fb?q=a%20b&q=2", b"{}")
    assert headers["x-caller"] == "ann"
    assert headers["host"] == url.removeprefix("http://")


async def test_headers_about_one_connection_are_not_passed_on() -> None:
    echo = Echo()
    sent = {
        "Connection": "x-private, keep-alive",
        "X-Private": "1",
        "TE": "trailers",
        "X-Kept": "1",
    }
    async with web.running(echo) as url, gateway(orders=url) as http:
        await http.get("/orders", headers=sent)
    ((_, _, headers, _),) = echo.asked
    assert headers["x-kept"] == "1"
    assert not headers.keys() & {"x-private", "te"}


async def test_each_request_has_an_id_and_a_trace() -> None:
    echo = Echo()
    given = {"X-Request-Id": "r1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    async with web.running(echo) as url, gateway(orders=url) as http:
        made = await http.get("/orders")
        kept = await http.get("/orders", headers=given)
    first, second = (headers for _, _, headers, _ in echo.asked)
    assert first["x-request-id"] == made.headers["x-request-id"]
    assert first["traceparent"].startswith("00-")
    assert (second["x-request-id"], second["traceparent"]) == tuple(given.values())
    assert kept.headers["x-request-id"] == "r1"


async def test_an_orders_timeline_is_audits() -> None:
    async with (
        web.running(Echo("orders")) as orders,
        web.running(Echo("audit")) as audit,
        gateway(orders=orders, audit=audit) as http,
    ):
        order = await http.get("/orders/7")
        timeline = await http.get("/orders/7/timeline")
    assert (order.headers["x-name"], timeline.headers["x-name"]) == ("orders", "audit")


async def test_instances_share_the_work() -> None:
    one, two = Echo("one"), Echo("two")
    async with (
        web.running(one) as first,
        web.running(two) as second,
        gateway(orders=f"{first},{second}") as http,
    ):
        for _ in range(4):
            await http.get("/orders")
    assert (len(one.asked), len(two.asked)) == (2, 2)


async def test_a_dead_instance_is_passed_over_by_every_request() -> None:
    echo = Echo()
    async with web.running(echo) as url, gateway(orders=f"{NOWHERE},{url}") as http:
        answers = [await http.post("/orders", content=b"{}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(echo.asked) == 4


async def test_a_broken_connection_is_made_up_for_where_that_does_no_harm() -> None:
    echo = Echo()
    async with (
        web.running(echo) as url,
        closing([]) as (broken, asked),
        gateway(orders=f"{broken},{url}") as http,
    ):
        for _ in range(2):
            answer = await http.post("/orders", content=b"{}", headers={"Idempotency-Key": "k"})
            assert answer.status_code == 200
    assert asked
    assert [body for _, _, _, body in echo.asked] == [b"{}", b"{}"]


async def test_a_broken_connection_may_have_done_its_work() -> None:
    async with closing([]) as (broken, asked), gateway(orders=broken) as http:
        answer = await http.post("/orders", content=b"{}")
        assert (answer.status_code, problem(answer)) == (502, "/problems/no-answer")
    assert len(asked) == 1


async def test_a_service_that_cannot_be_reached_says_when_to_try_again() -> None:
    async with gateway() as http:
        answer = await http.get("/orders")
        assert (answer.status_code, problem(answer)) == (503, "/problems/no-instance")
        assert answer.headers["retry-after"] == "1"


async def test_an_answer_that_does_not_come_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proxy, "TIMEOUT", aiohttp.ClientTimeout(total=None, sock_read=0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with gateway(orders=url) as http:
            answer = await http.get("/orders")
            assert (answer.status_code, problem(answer)) == (504, "/problems/answer-too-late")


async def test_a_context_that_stands_still_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = aiohttp.ClientTimeout(total=None, connect=0.3, sock_read=1)
    monkeypatch.setattr(proxy, "PER_INSTANCE", 2)
    monkeypatch.setattr(proxy, "TIMEOUT", limits)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with web.running(Echo()) as other, gateway(orders=url, catalog=other) as http:
            waiting = asyncio.gather(*(http.get("/orders") for _ in range(5)))
            answers = [await http.get("/catalog/products") for _ in range(10)]
            assert not waiting.done()
            assert {answer.status_code for answer in answers} == {200}
            assert sorted(map(problem, await waiting)) == [
                *["/problems/answer-too-late"] * 2,
                *["/problems/no-instance"] * 3,
            ]


def test_the_gateway_waits_longer_than_a_service_can_take() -> None:
    pool = 5.0  # seconds for a connection of the pool, before and after the token is waited for
    assert proxy.TIMEOUT.sock_read
    assert proxy.TIMEOUT.sock_read > 2 * pool + WAIT_SECONDS + PATIENCE


async def test_an_answer_that_breaks_off_is_seen_to_break_off() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
    async with closing([half]) as (broken, _), gateway(orders=broken) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/orders")


async def _in_parts(body: bytes) -> AsyncIterator[bytes]:
    yield body[:1000]
    yield body[1000:]


@pytest.mark.parametrize("make", [bytes, _in_parts])
async def test_a_body_is_at_most_a_mebibyte(make: Callable[[bytes], Any]) -> None:
    echo = Echo()
    async with web.running(echo) as url, gateway(orders=url) as http:
        largest = await http.post("/orders", content=make(b"x" * LARGEST_BODY))
        assert largest.status_code == 200
        larger = await http.post("/orders", content=make(b"x" * (LARGEST_BODY + 1)))
        assert (larger.status_code, problem(larger)) == (413, "about:blank")
    assert [len(body) for _, _, _, body in echo.asked] == [LARGEST_BODY]


async def test_head_is_get_without_its_body() -> None:
    echo = Echo()
    async with web.running(echo) as url, gateway(orders=url) as http:
        passed, own = await http.head("/orders/7"), await http.head("/health/live")
    assert (passed.status_code, passed.headers["x-name"], passed.content) == (200, "echo", b"")
    assert (own.status_code, own.content) == (200, b"")
    assert echo.asked[0][0] == "GET"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_what_changes_something_has_a_key_and_is_sent_again_under_it(method: str) -> None:
    echo = Echo()
    async with (
        web.running(echo) as url,
        closing([]) as (broken, asked),
        gateway(catalog=f"{url},{broken}") as http,
    ):
        answers = [await http.request(method, "/catalog/products/A") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    keys = [headers["idempotency-key"] for _, _, headers, _ in echo.asked]
    assert len({*keys}) == 2
    assert any(key.encode() in asked[-1] for key in keys)


async def test_a_key_that_the_client_has_chosen_is_kept_and_reading_needs_none() -> None:
    echo = Echo()
    async with web.running(echo) as url, gateway(orders=url) as http:
        await http.post("/orders", headers={"Idempotency-Key": "k"})
        await http.get("/orders")
    (_, _, posted, _), (_, _, got, _) = echo.asked
    assert posted["idempotency-key"] == "k"
    assert "idempotency-key" not in got


async def test_a_thousand_requests_at_once_are_all_answered_and_never_too_many_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proxy, "PER_INSTANCE", 20)
    crowd = Crowd()
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        web.running(crowd) as url,
        gateway(orders=url) as http,
        aiohttp.ClientSession(str(http.base_url), connector=connector) as many,
    ):
        answers = await asyncio.gather(*(_status(many) for _ in range(1000)))
    assert {*answers} <= {(200, None, None), (503, "1", "application/problem+json")}
    assert (200, None, None) in answers
    assert crowd.most <= 20


async def _status(many: aiohttp.ClientSession) -> tuple[int, str | None, str | None]:
    async with many.get("/orders") as answer:
        await answer.read()
        return answer.status, answer.headers.get("retry-after"), answer.headers.get("content-type")


class Crowd(Echo):
    """A service that counts how many ask it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.now += scope["type"] == ScopeType.HTTP
        self.most = max(self.most, self.now)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.now -= scope["type"] == ScopeType.HTTP


async def test_a_gateway_that_is_full_says_when_to_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "MOST", 2)
    monkeypatch.setattr(proxy, "TIMEOUT", aiohttp.ClientTimeout(total=None, sock_read=0.5))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with gateway(orders=url) as http:
            *answers, own = await asyncio.gather(
                *(http.get("/orders") for _ in range(3)), http.get("/health/live")
            )
            again = await http.get("/orders")
    refused = min(answers, key=lambda answer: answer.status_code)
    assert sorted(map(problem, answers)) == [
        *["/problems/answer-too-late"] * 2,
        "/problems/gateway-full",
    ]
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert (own.status_code, problem(again)) == (200, "/problems/answer-too-late")
