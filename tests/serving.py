"""Some services of the shop on real servers: in the test's own process, or as theirs."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import psycopg

from ecommerce import service
from ecommerce.config import Settings
from ecommerce.contexts import CONTEXTS
from ecommerce.events.catalog import ProductAdded
from ecommerce.events.inventory import ReservedUnits, StockReserved
from ecommerce.events.orders import Address, Customer, OrderCreated, OrderLine
from ecommerce.kernel import Money
from facts import NOON
from recording import recorded
from running_shop import ECOMMERCE
from sandboxes import KEY, SECRET, PaymentProvider, free_port
from servers import Broker
from shop_bus import Bus, bus
from writing import database, rows, until

SKU = "TEA"
PRICE = Money(1999, "GBP")


RELAY = "hashtextextended('ecommerce.relay', 0)"
LOCK = f"""
locktype = 'advisory' and objsubid = 1
and database = (select oid from pg_database where datname = current_database())
and (classid::bigint << 32) + objid::bigint = {RELAY}
"""  # noqa: S608 - of constants


QUEUED = f"select 1 from pg_locks where {LOCK} and not granted"  # noqa: S608 - of constants
END = f"select pg_terminate_backend(pid) from pg_locks where {LOCK} and granted"  # noqa: S608 - of constants


class Services:
    """Contexts with a database each, one vhost of a broker, and a payment provider."""

    def __init__(self, bus: Bus, databases: Mapping[str, str], provider: PaymentProvider) -> None:
        self.bus = bus
        self.databases = databases
        self.provider = provider
        self.ports = {context: free_port() for context in databases}
        self.deadline = 900
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def settings(self, context: str) -> Settings:
        return Settings(
            database_url=self.databases[context],
            amqp_url=self.bus.url(context),
            http_port=self.ports[context],
            order_deadline_seconds=self.deadline,
            payment_url=self.provider.url,
            payment_key=KEY,
            payment_webhook_secret=SECRET,
            log_level="warning",
        )

    @asynccontextmanager
    async def running(self, *contexts: str) -> AsyncIterator[None]:
        """Run services in this process until the end of the block; it begins when all are ready."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for context in contexts:
                tasks.create_task(service.run(CONTEXTS[context], self.settings(context), stop))
            try:
                await self.ready(*contexts)
                yield
            finally:
                stop.set()

    async def start(self, *contexts: str, faults: str = "") -> None:
        """Start services as processes, and wait until they are ready."""
        for context in contexts:
            self.processes[context] = self._launch(context, faults)
        await self.ready(*contexts)

    def _launch(self, context: str, faults: str) -> subprocess.Popen[bytes]:
        given = msgspec.to_builtins(self.settings(context)).items()
        environment = {name.upper(): str(value) for name, value in given}
        command = [str(ECOMMERCE), "serve", context, "--faults", faults]
        return subprocess.Popen(command, env={**os.environ, **environment})

    async def ready(self, *contexts: str) -> None:
        """Wait until services are ready."""
        async with httpx.AsyncClient() as http:
            for context in contexts:
                await until(partial(_is_ready, http, self.url(context)))

    def kill(self, *contexts: str) -> None:
        """Kill services at once, and wait until they are gone."""
        for context in contexts:
            self.processes[context].kill()
        for context in contexts:
            self.processes.pop(context).wait()

    def kill_all(self) -> None:
        """Kill all services that run as processes."""
        self.kill(*self.processes)

    def url(self, context: str) -> str:
        return f"http://127.0.0.1:{self.ports[context]}"

    async def rows(self, context: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return await rows(self.databases[context], query, *values)

    async def documents(self, context: str) -> list[dict[str, Any]]:
        """Read the log of a context, in order."""
        query = "select state from events order by notification_id"
        return [msgspec.json.decode(state) for (state,) in await self.rows(context, query)]

    async def types(self, context: str, order_id: str) -> list[str]:
        """List the types of an order's events in the log of a context."""
        documents = await self.documents(context)
        return [each["type"] for each in documents if each["data"].get("order_id") == order_id]

    async def held(self) -> int:
        """Count the units that inventory holds for orders."""
        signs = {"UnitsReserved": 1, "UnitsReleased": -1}
        documents = await self.documents("inventory")
        return sum(
            signs.get(each["type"], 0) * each["data"].get("quantity", 0) for each in documents
        )

    async def has(self, context: str, event: str, order_ids: Sequence[str]) -> bool:
        """Say whether the log of a context has such an event for each of these orders."""
        query = "select originator_id from events where split_part(topic, '.', 2) = %s"
        found = {stream.partition("-")[2] for (stream,) in await self.rows(context, query, event)}
        return found >= set(order_ids)

    async def charged(self, order_ids: Sequence[str]) -> bool:
        """Say whether the provider has charged each of these orders."""
        ledgers = await asyncio.gather(*map(self.provider.ledger, order_ids))
        return all(ledger["charges"] for ledger in ledgers)

    async def all_published(self, context: str) -> bool:
        """Say whether the relay of a context has published all of its log."""
        query = "select 1 from relay where position = (select max(notification_id) from events)"
        return bool(await self.rows(context, query))

    @asynccontextmanager
    async def relay_held(self, context: str) -> AsyncIterator[None]:
        """Keep a context's relay from publishing: it has lost its lock, and cannot have it back."""
        connect = partial(psycopg.AsyncConnection.connect, self.databases[context], autocommit=True)
        async with await connect() as holder, await connect() as other:
            take = f"select pg_advisory_lock({RELAY})"
            taking = asyncio.create_task(holder.execute(take.encode()))
            await until(lambda: _any(other, QUEUED))
            await other.execute(END.encode())
            await taking
            yield

    async def stock(self, units: int) -> None:
        """Receive units of the one product."""
        headers = {"X-Caller": "staff; inventory:write"}
        async with httpx.AsyncClient(base_url=self.url("inventory"), headers=headers) as http:
            body = {"quantity": units}
            (await http.post(f"/inventory/stock/{SKU}/receipts", json=body)).raise_for_status()

    async def sell(self) -> None:
        """Have the one product in the catalogue, as catalog tells of it, and orders know it."""
        await self.bus.publish(recorded(ProductAdded(SKU, "Tea", PRICE)))
        query = "select 1 from positions where source = 'catalog' and position > 0"

        async def known() -> bool:
            return bool(await self.rows("orders", query))

        await until(known)

    async def order(self, count: int) -> list[str]:
        """Place orders of one unit each over HTTP, and name them."""
        body = {
            "customer": {},
            "shipping_address": {"country": "GB"},
            "payment_method": "pm_card_visa",
            "lines": [{"sku": SKU, "quantity": 1}],
        }
        async with httpx.AsyncClient(base_url=self.url("orders")) as http:
            headers = ({"X-Caller": "ann", "Idempotency-Key": str(uuid4())} for _ in range(count))
            posts = (http.post("/orders", json=body, headers=each) for each in headers)
            answers = await asyncio.gather(*posts)
        return [answer.raise_for_status().json()["order_id"] for answer in answers]

    async def place(
        self, count: int, *, reserved: bool = False, method: str = "pm_card_visa"
    ) -> list[str]:
        """Tell of orders of one unit each, and that inventory holds them, if it does not itself."""
        names = [str(uuid4()) for _ in range(count)]
        await self.bus.publish(*(recorded(order(name, method)) for name in names))
        if reserved:
            held = (StockReserved(name, (ReservedUnits(SKU, 1),)) for name in names)
            await self.bus.publish(*map(recorded, held))
        return names


async def _any(db: psycopg.AsyncConnection[Any], query: str) -> bool:
    return bool(await (await db.execute(query.encode())).fetchall())


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/health/ready")).is_success
    except httpx.TransportError:
        return False


def order(name: str, method: str) -> OrderCreated:
    return OrderCreated(
        order_id=name,
        owner="ann",
        customer=Customer(),
        shipping_address=Address("GB"),
        payment_method=method,
        lines=(OrderLine(1, SKU, 1, PRICE),),
        charges=(),
        total=PRICE,
        placed_at=NOON,
    )


@contextmanager
def services(
    postgres: str, broker: Broker, provider: PaymentProvider, contexts: Sequence[str]
) -> Iterator[Services]:
    """Make what services need, and throw it away after, with the processes that still run."""
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        made_bus = bus(broker)
        opened = runner.run(made_bus.__aenter__())
        stack.callback(lambda: runner.run(made_bus.__aexit__(None, None, None)))
        databases = {name: stack.enter_context(database(postgres)) for name in contexts}
        made = Services(opened, databases, provider)
        stack.callback(made.kill_all)
        yield made
