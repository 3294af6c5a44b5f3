"""The database dies, its answers get lost, the process is told to stop: nothing twice or lost."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic

import psutil
import psycopg
import pytest

import accounts
import servers
import wire as wires
from accounts import Deposit
from banking import bank
from ecommerce.sandbox import ports
from ecommerce.sandbox import postgres as private_postgres
from ecommerce.sandbox.program import start
from ecommerce.store import command_loop, line
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.migrate import migrate
from ecommerce.store.recorder import LOCK
from ecommerce.store.unit import Answer, LoopStopped, StoreUnavailable
from wire import Wire, wire
from writing import looping, rows, unit, until, versions

pytestmark = pytest.mark.servers

RECORDED = "select (select count(*) from events), (select count(*) from keys)"


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[tuple[Wire, CommandLoop]]:
    """Run a loop whose wire to the database can be cut; its log has one event."""
    async with wire(url) as laid, looping(laid.url) as loop:
        await loop.submit(unit(Deposit("a", 1)))
        yield laid, loop


async def test_an_acknowledgement_lost_after_the_commit_is_a_success(url: str) -> None:
    async with wired(url) as (laid, loop):
        laid.stop_after(wires.EVERYTHING)
        waiting = asyncio.create_task(loop.submit(unit(Deposit("a", 1), "k")))
        await until(lambda: _knows(url, "k"))
        assert not waiting.done()
        laid.cut()
        assert await waiting == Answer(("account-a@2",), 2, replayed=True)
    assert await versions(url, "a") == [1, 2]


@pytest.mark.parametrize("messages", [wires.LOCK, wires.APPEND, wires.ALL_BUT_COMMIT])
async def test_an_acknowledgement_lost_with_the_commit_is_made_good(
    url: str, messages: int
) -> None:
    async with wired(url) as (laid, loop):
        laid.stop_after(messages)
        waiting = asyncio.create_task(loop.submit(unit(Deposit("a", 1), "k")))
        async with asyncio.timeout(5):
            await laid.stopped.wait()
        assert not await _knows(url, "k")
        laid.cut()
        answer = await waiting
        assert (answer.events, answer.replayed) == (("account-a@2",), False)
    assert await versions(url, "a") == [1, 2]


async def test_a_commit_that_comes_after_its_connection_was_lost_counts_once(url: str) -> None:
    """The server does not notice who has gone while it waits for the lock, and then commits."""
    async with wired(url) as (laid, loop):
        with psycopg.connect(url) as holder:
            holder.execute(LOCK)
            laid.stop_after(wires.EVERYTHING)
            waiting = asyncio.create_task(loop.submit(unit(Deposit("a", 1), "k")))
            await until(lambda: _queue(url, 1))
            laid.cut()
            await until(lambda: _queue(url, 2))
            holder.rollback()
        assert await waiting == Answer(("account-a@2",), 2, replayed=True)
    assert await versions(url, "a") == [1, 2]


async def _knows(url: str, key: str) -> bool:
    return bool(await rows(url, "select 1 from keys where key = %s", key))


async def _queue(url: str, length: int) -> bool:
    waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted and database ="
    mine = "(select oid from pg_database where datname = current_database())"
    return len(await rows(url, f"{waiting} {mine}")) == length


class Server:
    """A PostgreSQL of this test's own, which it can kill."""

    def __init__(self, folder: Path) -> None:
        (self._port,) = ports.pick(1)
        self._log = folder / "log"
        private_postgres.prepare(folder / "postgres", "test")
        self._program = private_postgres.program(folder / "postgres", self._port)
        self.url = private_postgres.url(self._port, "test")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = start(self._program, self._log)
        servers.wait_until(
            lambda: private_postgres.answers(self.url), lambda: self._log.read_text()[-3000:]
        )

    def kill(self) -> None:
        """Kill all its processes at once."""
        if not self._process:
            return
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            process.kill()
        self._process.wait()
        self._process = None


@contextmanager
def own_server() -> Iterator[Server]:
    with servers.folder() as folder:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()


async def test_a_database_killed_in_mid_batch_loses_nothing_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.7)
    acknowledged, failed = dict[str, Answer](), list[str]()
    with own_server() as server:
        migrate(server.url)
        async with looping(server.url) as loop:

            async def write(account: str) -> None:
                for number in range(10_000):
                    key = f"{account}-{number}"
                    try:
                        acknowledged[key] = await loop.submit(unit(Deposit(account, 1), key))
                    except StoreUnavailable:
                        failed.append(key)

            writers = [asyncio.create_task(write(f"w{n % 3}-{n}")) for n in range(12)]
            await until(lambda: _grows(acknowledged, 300))
            server.kill()
            await until(lambda: _grows(failed, 12))
            await asyncio.to_thread(server.start)
            enough = len(acknowledged) + 300
            await until(lambda: _grows(acknowledged, enough))
            for writer in writers:
                writer.cancel()
            await asyncio.wait(writers)
            for key in failed:
                again = unit(Deposit(key.rpartition("-")[0], 1), key)
                acknowledged[key] = await loop.submit(again)
        kept = dict(await rows(server.url, "select key, events from keys"))
        assert all(kept[key] == list(answer.events) for key, answer in acknowledged.items())
        ((events, keys),) = await rows(server.url, RECORDED)
    assert len({answer.events for answer in acknowledged.values()}) == len(acknowledged)
    assert events == keys
    assert keys - len(acknowledged) <= 12  # those that were cancelled here while they waited


async def _grows(items: dict[str, Answer] | list[str], size: int) -> bool:
    return len(items) >= size


async def test_a_process_told_to_stop_drains_and_loses_nothing(url: str) -> None:
    async with bank(url) as process:
        process.ask((f"k{n}", Deposit(str(n % 7), 1)) for n in range(4000))
        await process.read(500)
        began = monotonic()
        process.process.terminate()
        await process.read_all()
        assert monotonic() - began < 10
        assert process.process.returncode == 0
    kept = {key: tuple(events) for key, events in await rows(url, "select key, events from keys")}
    assert kept == {key: reply.events for key, reply in process.replies.items()}
    assert len(kept) >= 500


async def test_a_process_told_to_stop_without_a_database_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command_loop, "_DRAIN", 0.2)
    loop = CommandLoop("bank", accounts, "postgresql://127.0.0.1:1/none")
    running = asyncio.create_task(loop.run(asyncio.Event()))
    waiting = asyncio.create_task(loop.submit(unit(Deposit("a", 1))))
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await loop.stop()
        with pytest.raises(LoopStopped):
            await waiting
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("messages", [wires.LOCK, wires.EVERYTHING])
async def test_who_is_cut_off_by_a_stop_hears_so_at_once_and_the_same_key_happens_once(
    url: str, messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_loop, "_DRAIN", 0.5)
    caught = unit(Deposit("a", 1), "k")
    async with wire(url) as laid:
        loop = CommandLoop("bank", accounts, laid.url)
        running = asyncio.create_task(loop.run(asyncio.Event()))
        await loop.submit(unit(Deposit("a", 1)))
        laid.stop_after(messages)
        waiting = asyncio.create_task(loop.submit(caught))
        async with asyncio.timeout(5):
            await laid.stopped.wait()
        async with asyncio.timeout(line.PATIENCE / 2):
            await loop.stop()
            with pytest.raises(StoreUnavailable):
                await waiting
        laid.cut()
        with pytest.raises(asyncio.CancelledError):
            await running
    async with looping(url) as loop:
        assert (await loop.submit(caught)).replayed == (messages == wires.EVERYTHING)
    assert await versions(url, "a") == [1, 2]
