"""A server inside a process that does other things too."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from litestar import Router, get

import web
from ecommerce.api import health, server
from ecommerce.api.app import application
from ecommerce.api.problems import MEDIA_TYPE
from ecommerce.api.server import serve_http

APP = application("any", [health.router(web.all_is_well)])


async def test_it_says_where_it_listens_and_ends_when_told_to() -> None:
    stop, ports = asyncio.Event(), asyncio.Queue[int]()
    serving = asyncio.create_task(serve_http(APP, "127.0.0.1", 0, stop, ports.put_nowait))
    async with asyncio.timeout(5):
        port = await ports.get()
        url = f"http://127.0.0.1:{port}/health/live"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200
            assert "server" not in answer.headers
        stop.set()
        await serving


async def test_what_has_no_answer_when_the_process_ends_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, stop, ports = asyncio.Event(), asyncio.Event(), asyncio.Queue[int]()

    @get("/slow")
    async def slow() -> None:
        begun.set()
        await asyncio.Future()

    monkeypatch.setattr(server, "GRACE", 0.1)
    app = application("any", [Router("/", route_handlers=[slow])])
    serving = asyncio.create_task(serve_http(app, "127.0.0.1", 0, stop, ports.put_nowait))
    async with asyncio.timeout(5), aiohttp.ClientSession() as session:
        asking = asyncio.create_task(session.get(f"http://127.0.0.1:{await ports.get()}/slow"))
        await begun.wait()
        stop.set()
        async with await asking as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert (await answer.json(content_type=MEDIA_TYPE))["type"] == "/problems/stopped"
        await serving


async def test_a_port_that_is_taken_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await serve_http(APP, "127.0.0.1", taken.getsockname()[1], asyncio.Event())
