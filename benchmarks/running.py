"""A whole shop for benches: what is ordered of it, when all of that is done, what it costs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import aiohttp
import psutil
import psycopg

import servers
from ecommerce.bus import topology
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Value
from ecommerce.sandbox import folder, ports
from ecommerce.sandbox.servers import database_url, management_url
from running_shop import RunningShop

PRODUCTS: Final = 50
PRICE: Final = {"amount": 1999, "currency": "GBP"}
STOCKED: Final = {"X-Caller": "bench; catalog:write inventory:write"}
BUYER: Final = {"X-Caller": "bench; orders:write"}
POLL: Final = 0.2
"""Seconds between one look at what is left to do and the next."""


@contextmanager
def running(*words: str) -> Iterator[RunningShop]:
    """Start a shop in a folder of its own, and stop it in the end."""
    with servers.folder() as place:
        shop = RunningShop(place / "run")
        base = ports.choose_base(24_000, range(90))
        shop.ecommerce("up", "--detach", "--port-base", str(base), *words)
        try:
            yield shop
        finally:
            shop.ecommerce("down")


class Opened(Value, frozen=True):
    """A shop that sells something, and connections to its gateway."""

    shop: RunningShop
    http: aiohttp.ClientSession
    skus: Sequence[str]


@asynccontextmanager
async def opened(*words: str) -> AsyncIterator[Opened]:
    """Start a shop, with these words to `up`, and put something on sale."""
    with running(*words) as shop:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(shop.gateway, connector=connector) as http:
            yield Opened(shop, http, await _stock_up(http))


async def _stock_up(http: aiohttp.ClientSession) -> list[str]:
    """Sell some products, of which there are plenty."""
    skus = [f"BENCH-{number:03}" for number in range(PRODUCTS)]
    added = received = ""
    for sku in skus:
        product = {"sku": sku, "name": "Kettle", "price": PRICE}
        added = await _post(http, "/catalog/products", product, STOCKED)
        receipt = f"/inventory/stock/{sku}/receipts"
        received = await _post(http, receipt, {"quantity": 100_000}, STOCKED)
    headers = {"Consistency-Token": f"{added}, {received}"}
    async with http.get(f"/catalog/products/{skus[-1]}", headers=headers) as answer:
        answer.raise_for_status()
    return skus


async def order(http: aiohttp.ClientSession, skus: Sequence[str]) -> None:
    """Order one unit of each."""
    body = {
        "customer": {"name": "Ann", "email": "ann@example.invalid"},
        "shipping_address": {"country": "GB", "city": "Leeds"},
        "payment_method": "pm_card_visa",
        "lines": [{"sku": sku, "quantity": 1} for sku in skus],
    }
    await _post(http, "/orders", body, BUYER)


async def _post(http: aiohttp.ClientSession, path: str, body: Any, headers: dict[str, str]) -> str:
    async with http.post(path, json=body, headers=headers) as answer:
        if not answer.ok:
            raise RuntimeError(await answer.text())
        return answer.headers["Consistency-Token"]


_ENDED: Final = """
    select count(*) from events
    where topic in ('order.OrderConfirmed.v1', 'order.OrderCancelled.v1')
"""


class Left:
    """What is left to do of what is ordered from now on."""

    def __init__(self, shop: RunningShop) -> None:
        self._shop = shop
        secrets = folder.passwords(shop.place)
        self._management = management_url(shop.run, secrets)
        self.urls = {name: database_url(shop.run, secrets, name) for name in CONTEXTS}
        self._box = shop.place / "mailbox" / "new"
        self._before = self._counts()

    def _counts(self) -> tuple[int, int]:
        with psycopg.connect(self.urls["orders"]) as db:
            ((ended,),) = db.execute(_ENDED).fetchall()
        return ended, sum(1 for _ in os.scandir(self._box))

    async def wait(self, orders: int, mails: int, seconds: float = 600) -> None:
        """Wait until so many orders have ended, all is read, mailed, and no queue holds a thing."""
        ended, mailed = self._before
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = await asyncio.to_thread(self._counts)
            there = now[0] - ended >= orders and now[1] - mailed >= mails
            if there and await asyncio.to_thread(self._is_read) and await self._are_empty():
                return
            await asyncio.sleep(POLL)
        raise TimeoutError(f"{now[0] - ended} of {orders} orders and {now[1] - mailed} mails")

    async def wait_for_own(self, seconds: float = 600) -> None:
        """Wait until relays and read models have got through the logs of their own contexts."""
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(self._has_read_own):
            if time.monotonic() > deadline:
                raise TimeoutError("the logs are not read")
            await asyncio.sleep(POLL)

    def _has_read_own(self) -> bool:
        heads = {name: self._head(name) for name in self.urls}
        return all(
            self._has_read(name, {**dict.fromkeys(heads, 0), name: head})
            and self._relayed(name) >= head
            for name, head in heads.items()
        )

    def _relayed(self, context: str) -> int:
        with psycopg.connect(self.urls[context]) as db:
            ((position,),) = db.execute("select coalesce(max(position), 0) from relay").fetchall()
        return int(position)

    def _is_read(self) -> bool:
        heads = {name: self._head(name) for name in self.urls}
        return all(self._has_read(name, heads) for name in self.urls)

    def _head(self, context: str) -> int:
        with psycopg.connect(self.urls[context]) as db:
            ((head,),) = db.execute(
                "select coalesce(max(notification_id), 0) from events"
            ).fetchall()
        return int(head)

    def _has_read(self, context: str, heads: dict[str, int]) -> bool:
        with psycopg.connect(self.urls[context]) as db:
            read = db.execute("select source, min(position) from positions group by source")
            return all(position >= heads[source] for source, position in read.fetchall())

    async def _are_empty(self) -> bool:
        url = f"{self._management}/api/queues/{topology.VHOST}?columns=name,messages,type"
        async with aiohttp.request("GET", url, raise_for_status=True) as answer:
            queues = await answer.json()
        return not any(
            queue.get("messages", 0) for queue in queues if not queue["name"].endswith("history")
        )


def processor_seconds(shop: RunningShop) -> dict[str, float]:
    """Sum up the processor time of the shop's processes, by what they are."""
    used = {"load generator": _of(psutil.Process())}
    for process in shop.processes():
        try:
            name = called(process)
            used[name] = used.get(name, 0.0) + _of(process)
        except psutil.NoSuchProcess:
            continue
    return used


def _of(process: psutil.Process) -> float:
    times = process.cpu_times()
    # typeshed does not know that Linux counts the children that have ended.
    counts = times[:4] if process.name() == "postgres" else times[:2]
    return float(sum(counts))


def called(process: psutil.Process) -> str:
    """Say what a process of the shop is: the service, or the server."""
    words = process.cmdline()
    if process.name() == "postgres":
        return "PostgreSQL"
    if "serve" in words:
        return words[words.index("serve") + 1]
    return "RabbitMQ" if "beam" in process.name() or "erl" in process.name() else process.name()
