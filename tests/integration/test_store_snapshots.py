"""A long stream is read from a state that was kept, and never from one that means another thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace

import psycopg
import pytest
import pytest_asyncio
from msgspec.structs import replace

import accounts
from accounts import Account, Deposit, Look, Overdrawn, Put, Say, Take, Taken
from ecommerce.store import snapshots
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.connection import Pool, pool
from ecommerce.store.lookup import Found
from ecommerce.store.writer import Writer
from writing import append, looping, rows, unit, until, versions

pytestmark = pytest.mark.servers

KEPT = "select stream, version from snapshots order by stream"


@pytest_asyncio.fixture
async def opened(url: str) -> AsyncIterator[Pool]:
    async with pool(url, size=1) as made:
        yield made


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 10)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    """Note all that loops read."""
    found, really = list[Found](), Writer.read

    async def noted(self: Writer, versions: Mapping[str, int], keys: Sequence[str]) -> Found:
        found.append(await really(self, versions, keys))
        return found[-1]

    monkeypatch.setattr(Writer, "read", noted)
    return found


@asynccontextmanager
async def keeping(opened: Pool, url: str, kept: int) -> AsyncIterator[CommandLoop]:
    """Run a loop until it has kept the only stream at this version."""
    async with looping(url, pool=opened) as loop:
        yield loop
        await until(lambda: _kept(url, kept))


async def _kept(url: str, version: int) -> bool:
    return await rows(url, KEPT) == [("account-a", version)]


def lengthen(url: str, account: str, version: int) -> None:
    """Repeat a stream's first event until it has this version."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """insert into events (originator_id, originator_version, topic, state)
            select originator_id, n, topic, convert_to(replace(
                convert_from(state, 'UTF8'), '@1"', '@' || n || '"'
            ), 'UTF8')
            from events, generate_series(2, %s) n
            where originator_id = %s and originator_version = 1 order by n""",
            (version, accounts.stream(account)),
        )


async def test_a_stream_of_100_000_events_loads_from_one_snapshot_and_2_000_events(
    url: str, opened: Pool, read: list[Found]
) -> None:
    append(url, "a", 1, Put(1))
    lengthen(url, "a", 100_000)
    async with keeping(opened, url, 100_000) as loop:
        await loop.submit(unit(Look("a")))
    async with keeping(opened, url, 101_000) as loop:
        for _ in range(4):
            await asyncio.gather(*(loop.submit(unit(Deposit("a", 1))) for _ in range(250)))
        await until(lambda: _kept(url, 101_000))
        await asyncio.gather(*(loop.submit(unit(Deposit("a", 1))) for _ in range(900)))
    read.clear()
    async with looping(url) as loop:
        answer = await loop.submit(unit(Take("a", 101_900)))
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Take("a", 1)))
    assert answer.events == ("account-a@101901",)
    assert [len(found.snapshots) for found in read] == [1, 0]
    assert sum(len(found.events.get("account-a", ())) for found in read) == 900


@pytest.mark.usefixtures("often")
async def test_a_kept_state_and_what_followed_are_the_whole_stream(url: str, opened: Pool) -> None:
    async with keeping(opened, url, 10) as loop:
        for number in range(10):
            await loop.submit(unit(Deposit("a", number)))
    async with looping(url) as loop:
        await loop.submit(unit(Take("a", 5)))
    async with looping(url) as loop:
        await loop.submit(unit(Take("a", 40)))
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Take("a", 1)))


@pytest.mark.usefixtures("often")
async def test_a_state_of_another_shape_or_meaning_is_passed_over(
    url: str, opened: Pool, read: list[Found]
) -> None:
    async with keeping(opened, url, 10) as loop:
        await loop.submit(unit(Say("a", tuple(Put(1) for _ in range(10)))))

    class Counted(Account, frozen=True):
        puts: int = 0

    fold = accounts.folds["account"]
    for other in (replace(fold, version=2), replace(fold, initial=Counted())):
        read.clear()
        decider = SimpleNamespace(
            folds={"account": other}, streams=accounts.streams, decide=accounts.decide
        )
        async with looping(url, decider) as loop:
            await loop.submit(unit(Look("a")))
        assert ([found.snapshots for found in read], len(read[0].events["account-a"])) == ([{}], 10)


@pytest.mark.usefixtures("often")
async def test_other_code_keeps_its_own_state_in_place_of_ours(url: str, opened: Pool) -> None:
    async with keeping(opened, url, 10) as loop:
        await loop.submit(unit(Say("a", tuple(Put(1) for _ in range(10)))))
    ((ours,),) = await rows(url, "select shape from snapshots")
    fold = replace(accounts.folds["account"], version=2)
    decider = SimpleNamespace(
        folds={"account": fold}, streams=accounts.streams, decide=accounts.decide
    )
    async with looping(url, decider, pool=opened) as loop:
        await loop.submit(unit(Look("a")))

        async def replaced() -> bool:
            return await rows(url, "select shape from snapshots") != [(ours,)]

        await until(replaced)


@pytest.mark.usefixtures("often")
async def test_a_state_ahead_of_a_log_that_went_back_is_passed_over(url: str, opened: Pool) -> None:
    async with keeping(opened, url, 10) as loop:
        await loop.submit(unit(Say("a", tuple(Put(1) for _ in range(10)))))
    await rows(url, "delete from events where originator_version > 5")
    async with looping(url) as loop:
        await loop.submit(unit(Take("a", 5)))
        with pytest.raises(Overdrawn):
            await loop.submit(unit(Take("a", 1)))
    assert await versions(url, "a") == [1, 2, 3, 4, 5, 6]


@pytest.mark.usefixtures("often")
async def test_a_damaged_state_stops_only_its_own_stream(url: str, opened: Pool) -> None:
    async with keeping(opened, url, 10) as loop:
        await loop.submit(unit(Say("a", tuple(Put(1) for _ in range(10)))))
    await rows(url, "update snapshots set state = '[]'")
    async with looping(url) as loop:
        submitted = [loop.submit(unit(Deposit(name, 1))) for name in "ab"]
        broken, well = await asyncio.gather(*submitted, return_exceptions=True)
    assert "account-a@10 cannot be read" in str(broken)
    assert not isinstance(well, BaseException)


@pytest.mark.usefixtures("often")
async def test_no_answer_waits_for_a_state_to_be_kept(url: str, opened: Pool) -> None:
    with psycopg.connect(url) as holder:
        holder.execute("lock table snapshots in exclusive mode")
        async with looping(url, pool=opened) as loop:
            async with asyncio.timeout(3):
                for _ in range(25):
                    await loop.submit(unit(Say("a", (Put(1), Taken(1)))))
            holder.rollback()
            await until(lambda: _kept(url, 50))


@pytest.mark.usefixtures("often")
async def test_where_no_state_can_be_kept_the_loop_goes_on(url: str, opened: Pool) -> None:
    await opened.close()
    async with looping(url, pool=opened) as loop:
        for _ in range(3):
            await loop.submit(unit(Say("a", tuple(Put(1) for _ in range(10)))))
    assert await rows(url, KEPT) == []
