"""The log in memory answers as PostgreSQL does: what is explored is the real thing's like."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

import accounts
from ecommerce.kernel import Command
from ecommerce.store.batch import Batch, Rules
from ecommerce.store.folds import Folds
from ecommerce.store.lookup import Found
from ecommerce.store.unit import Unit, digest
from ecommerce.store.writer import Writer
from explorer import bank
from explorer.memory_log import Log
from writing import CAUSE, database, rows

pytestmark = pytest.mark.servers

FOLDS = Folds(bank)
RULES = Rules(
    "bank",
    bank,
    FOLDS,
    frozenset(bank.CALLS),
    frozenset(bank.WITHDRAWS),
    bank.TIMERS,
    frozenset(bank.ENDS),
)
STREAMS = [accounts.stream(name) for name in "abc"]


@pytest.fixture(scope="module")
def url(postgres: str) -> Iterator[str]:
    with database(postgres) as made:
        yield made


def batch(random: Random, found: Found, log: Log) -> Batch:
    """Decide a few units; now and then something was read wrongly, or a key not found."""
    states = {name: FOLDS.initial(name) for name in STREAMS}
    for name, stored in found.events.items():
        states[name] = FOLDS.read(name, states[name], stored)
    made = Batch(RULES, states, {}, datetime(2026, 1, 2, tzinfo=UTC))
    command = bank.commands(random)
    for _ in range(random.randint(1, 4)):
        made.decide(unit(random, log, command()), STREAMS)
    if made.reads and random.random() < 0.2:
        made.reads[random.choice(list(made.reads))] += random.choice((-1, 1))
    return made


def unit(random: Random, log: Log, command: Command) -> Unit:
    kind = random.choice(("msg", "call", "timer"))
    due = {"msg": [], "call": [*log.calls], "timer": [*log.timers]}[kind]
    key = f"{kind}:{random.randint(1, 400)}"
    settles = random.choice(due) if due else None
    return Unit(key, digest(repr(command).encode()), CAUSE, command, settles)


async def test_the_log_in_memory_records_and_refuses_what_postgresql_does(url: str) -> None:
    random, log, writer = Random(7), Log(), Writer(url)
    await writer.open()
    refused = 0
    for _ in range(150):
        known = {name: random.randint(0, log.version(name)) for name in STREAMS}
        keys = random.sample([f"msg:{n}" for n in range(400)], 20)
        assert log.find(known, keys) == await writer.read(known, keys)
        made = batch(random, log.find(dict.fromkeys(STREAMS, 0), []), log)
        locked = random.random() < 0.5
        if locked:
            await writer.lock()
        appended = log.commit(made)
        assert appended == await writer.append(made, locked=locked)
        refused += appended is None
    await writer.close()
    assert 10 < refused < 100
    assert dict(await rows(url, "select id, stream from calls")) == log.calls
    timers = await rows(url, "select id, stream, due from timers")
    assert {id_: (stream, due) for id_, stream, due in timers} == log.timers
