"""Whatever is sent to the shop, it answers as its description says; Schemathesis thinks it up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from people import STAFF, post
from running_shop import RunningShop
from shelf import placed

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
HERE = Path(__file__).parent
SOLD = "TEA-ASSAM-125"
"""What the description's examples order."""

UNREACHED = {
    "POST /payments/webhooks",  # only the provider can sign one
}
"""Operations that need not have succeeded."""


def ordered(shop: RunningShop, count: int) -> list[str]:
    """Order so many times what is sold, and wait until each is confirmed."""
    line = {"sku": SOLD, "quantity": 1}
    body = {"customer": {}, "shipping_address": {"country": "Spain"}, "lines": [line]}
    with shop.client() as client:
        card = {"payment_method": "pm_card_visa"}
        orders = [placed(client.post("/orders", json=body | card)) for _ in range(count)]
    assert {shop.rest(order_id)["status"] for order_id in orders} == {"confirmed"}
    return orders


def shipped(shop: RunningShop, count: int) -> list[str]:
    """Have so many orders that are on their way."""
    orders = ordered(shop, count)
    for order_id in orders:
        assert post(shop, f"/orders/{order_id}/shipments", STAFF).is_success
    return orders


def attack(shop: RunningShop, recorded: Path) -> None:
    """Run Schemathesis, always with the same requests; fail with what it found, as curl."""
    ready = {
        "CONFIRMED_ORDERS": " ".join(ordered(shop, 5)),
        "SHIPPED_ORDERS": " ".join(shipped(shop, 5)),
    }
    done = subprocess.run(
        [
            *(SCHEMATHESIS, "--config-file", HERE / "schemathesis.toml"),
            *("run", f"{shop.gateway}/schema/openapi.json", "--no-color"),
            *("--report", "har", "--report-har-path", recorded),
        ],
        cwd=recorded.parent,
        env={**os.environ, **ready, "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def succeeded(recorded: Path, paths: dict[str, Any]) -> Iterator[str]:
    """List the operations that were answered well at least once."""
    forms = {path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in paths}
    for entry in msgspec.json.decode(recorded.read_bytes())["log"]["entries"]:
        asked, answer = entry["request"], entry["response"]
        if httpx.codes.is_success(answer["status"]):
            at = httpx.URL(asked["url"]).path
            yield from (
                f"{asked['method']} {path}" for path, it in forms.items() if it.fullmatch(at)
            )


def test_whatever_is_sent_the_shop_answers_as_its_description_says(
    shop: RunningShop, tmp_path: Path
) -> None:
    with shop.client("staff") as client:
        units = {"quantity": 100_000}
        client.post(f"/inventory/stock/{SOLD}/receipts", json=units).raise_for_status()
        paths = client.get("/schema/openapi.json").json()["paths"]
    attack(shop, tmp_path / "recorded.har")
    operations = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
    assert operations - {*succeeded(tmp_path / "recorded.har", paths)} <= UNREACHED
    with shop.client("staff") as client:
        assert client.get("/health/ready").status_code == httpx.codes.OK
    assert "Nothing is parked." in shop.ecommerce("parked", "list")
