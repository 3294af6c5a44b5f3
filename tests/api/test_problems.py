"""Failures over HTTP: each is a problem, none tells what is inside."""

from __future__ import annotations

import pytest
from litestar.testing import AsyncTestClient
from psycopg import OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout, UndefinedTable

import web
from ecommerce.api import health
from ecommerce.api.app import application
from ecommerce.projections.reader import NotYet
from ecommerce.store.unit import LoopFull, LoopStopped, StoreUnavailable

RECEIPT = {"quantity": 1}
PATH = "/inventory/stock/A/receipts"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (LoopFull(), "loop-full"),
        (LoopStopped(), "loop-stopped"),
        (StoreUnavailable(), "store-unavailable"),
        (OperationalError("host db-7 refused"), "store-unavailable"),
        (IdleInTransactionSessionTimeout("db-7"), "store-unavailable"),
    ],
)
async def test_what_passes_says_when_to_try_again(failure: Exception, kind: str) -> None:
    loop = web.Loop()
    loop.failure = failure
    async with web.client("inventory", loop) as http:
        answer = await http.post(PATH, json=RECEIPT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == f"/problems/{kind}"
    assert answer.json()["detail"]
    assert "db-7" not in answer.text


async def test_a_read_model_that_is_behind_says_when_to_try_again() -> None:
    models = web.Models()
    models.failure = NotYet("stock has not yet read inventory@9 (it is at 8).")
    async with web.client("inventory", models=models) as http:
        answer = await http.get("/inventory/stock/A")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"] == "stock has not yet read inventory@9 (it is at 8)."


@pytest.mark.parametrize("failure", [RuntimeError, UndefinedTable])
async def test_a_failure_tells_nothing_of_what_is_inside(failure: type[Exception]) -> None:
    loop = web.Loop()
    loop.failure = failure("the password is swordfish")
    async with web.client("inventory", loop) as http:
        answer = await http.post(PATH, json=RECEIPT)
    assert answer.status_code == 500
    assert web.faults(answer) == {}
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text


async def test_what_is_no_json_is_refused() -> None:
    async with web.client("inventory") as http:
        http.headers["Content-Type"] = "application/json"
        broken = await http.post(PATH, content=b'{"quantity":')
        empty = await http.post(PATH)
        garbled = await http.post(PATH, content=b'{"quantity": "\xff"}')
        deep = await http.post(PATH, content=b"[" * 100_000)
        nested = await http.post(PATH, content=b'{"quantity":' + b"[" * 9999 + b"]" * 9999 + b"}")
    answers = (broken, empty, garbled, deep, nested)
    assert [answer.status_code for answer in answers] == [400] * 5
    assert {answer.json()["type"] for answer in answers} == {"/problems/not-json"}


async def test_a_body_is_at_most_a_mebibyte() -> None:
    async with web.client("inventory") as http:
        answer = await http.post(PATH, content=b" " * (1024 * 1024 + 1))
    assert (answer.status_code, web.faults(answer)) == (413, {})


async def test_what_is_not_there_and_what_is_not_done_are_problems_too() -> None:
    async with web.client("inventory") as http:
        nowhere = await http.get("/nowhere")
        method = await http.delete(PATH)
    assert (nowhere.status_code, method.status_code) == (404, 405)
    assert nowhere.json()["detail"].startswith("There is nothing at this address")
    assert web.faults(nowhere) == web.faults(method) == {}


async def test_a_caller_is_told_as_a_name_and_scopes() -> None:
    loop = web.Loop()
    async with web.client("inventory", loop) as http:
        good = await http.post(PATH, json=RECEIPT, headers={"X-Caller": "ann"})
        bad = await http.post(PATH, json=RECEIPT, headers={"X-Caller": "ann:bob; x"})
    assert (good.status_code, loop.units[0].cause.actor) == (201, "ann")
    assert (bad.status_code, [*web.faults(bad)]) == (400, ["X-Caller"])


async def test_what_a_request_belongs_to_is_kept_if_it_is_sane() -> None:
    loop = web.Loop()
    async with web.client("inventory", loop) as http:
        await http.post(PATH, json=RECEIPT, headers={"X-Correlation-Id": "case-7"})
        await http.post(PATH, json=RECEIPT, headers={"X-Correlation-Id": "a b", "traceparent": "x"})
    sane, made_up = (unit.cause for unit in loop.units)
    assert sane.correlation_id == "case-7"
    assert made_up.correlation_id != "a b"
    assert made_up.traceparent is None


async def test_a_service_is_ready_once_all_that_it_needs_is_there() -> None:
    async def waiting() -> dict[str, bool | str]:
        return {"schema": True, "bus": False, "stock": "at inventory@7 of 9"}

    app = application("any", [health.router(waiting)])
    async with AsyncTestClient(app) as http, web.client("audit") as well:
        unready = await http.get("/health/ready")
        ready = await well.get("/health/ready")
        live = await http.get("/health/live")
    assert (unready.status_code, unready.json()["ready"]) == (503, False)
    assert unready.json()["checks"] == {
        "schema": True,
        "bus": False,
        "stock": "at inventory@7 of 9",
    }
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert (live.status_code, live.json()) == (200, {"live": True})


async def test_what_does_not_say_that_it_is_json_is_refused() -> None:
    body = b'{"quantity": 1}'
    async with web.client("inventory") as http:
        form = await http.post(PATH, content=body, headers={"Content-Type": "text/plain"})
        silent = await http.post(PATH, content=body)
        patch = await http.post(PATH, content=body, headers={"Content-Type": "application/a+json"})
    assert [form.status_code, silent.status_code, patch.status_code] == [415, 415, 201]
    assert form.json()["type"] == "/problems/unsupported-media-type"
