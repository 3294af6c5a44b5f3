"""The gateway as a process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from urllib.request import urlopen

import msgspec

URLS = {
    f"{context}_URL": "http://127.0.0.1:1"
    for context in ("CATALOG", "ORDERS", "INVENTORY", "PAYMENTS", "NOTIFICATIONS", "AUDIT")
}


async def test_it_says_where_to_look_and_ends_when_asked_to() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-Werror",
        "-c",
        "from ecommerce.gateway.main import serve; serve()",
        env={**os.environ, **URLS, "HTTP_PORT": "0", "HTTP_HOST": "localhost"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    async with asyncio.timeout(30):
        said = msgspec.json.decode(await process.stdout.readline())
        assert said["docs"] == f"{said['url']}/schema"
        page = await asyncio.to_thread(lambda: urlopen(said["docs"]).read())  # noqa: S310 -- ours
        assert b"swagger-ui-bundle.js" in page
        process.send_signal(signal.SIGTERM)
        rest = (await process.stdout.read()).splitlines()
        assert await process.wait() == 0
    assert [msgspec.json.decode(line)["event"] for line in rest] == ["gateway.stopped"]
