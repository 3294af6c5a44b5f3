"""(a) Units of 4 events with a key, against pgbench: `.venv/bin/python -m benchmarks.append`.

64 callers of one command loop record units, each of a stream of its own. The limit is what
PostgreSQL does when nothing is decided: pgbench, a C program with 16 connections, inserts the same
bytes into the same tables, one statement and one commit for each unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Final

import accounts
import servers
import writing
from accounts import Noted, Say
from benchmarks import pgbench
from benchmarks.alone import alone
from benchmarks.callers import submit_all
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.rounds import Turn, clocked, costs, interleave, total
from ecommerce.api.ids import uuid7
from ecommerce.store.command_loop import CommandLoop
from ecommerce.store.envelope import Recorded, encode
from ecommerce.store.unit import Unit

CALLERS: Final = 64
SAID: Final = tuple(Noted(f"{number}: " + 97 * "x") for number in range(4))
TOPIC: Final = "account.Noted.v1"
KEY: Final = "http:bench:POST /accounts:"

_OURS, _ALONE, _RAW = "appends", "appends, by one caller", "pgbench"
_numbers: Final = count(1)


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure the ratio, and what an append costs."""
    units, rounds = (3_200, 5) if quick else (9_600, 15)
    with (
        servers.postgres() as admin,
        writing.database(admin) as ours,
        writing.database(admin) as raw,
    ):
        meters = {"client": this_process, "PostgreSQL": server(admin)}
        async with writing.looping(ours) as loop:
            turns = await interleave(
                rounds,
                {
                    _OURS: lambda: append(loop, units, meters),
                    _ALONE: lambda: append(loop, units // 16, meters, callers=1),
                    _RAW: lambda: _insert(raw, units, meters),
                },
            )
    return _figures(turns)


async def append(loop: CommandLoop, units: int, meters: Meters, callers: int = CALLERS) -> Turn:
    """Have new units recorded."""
    made = [_unit() for _ in range(units)]
    return await clocked(units, submit_all(made, callers, loop.submit), meters)


def _unit() -> Unit:
    name = str(uuid7())
    return writing.unit(Say(name, SAID), f"{KEY}{name}")


def _figures(turns: Mapping[str, list[Turn]]) -> list[Figure]:
    pairs = list(zip(turns[_OURS], turns[_RAW], strict=True))
    ratios = [ours.rate / raw.rate for ours, raw in pairs]
    dearer = [total(ours) / total(raw) for ours, raw in pairs]
    return [
        figure("a", "append, against pgbench", ratios, "x", must=0.45, aim=0.6),
        figure("a", "CPU of an append, against pgbench", dearer, "x", must=1.2, ceiling=True),
        *(
            figure("a", what, [turn.rate for turn in found], "/s", cpu=costs(found))
            for what, found in turns.items()
        ),
    ]


async def _insert(url: str, units: int, meters: Meters) -> Turn:
    """Have pgbench insert the same rows."""
    return await clocked(units, pgbench.run(url, _script(), units, next(_numbers)), meters)


def _script() -> str:
    """Write a transaction whose names rise with time, as ours do.

    A colon would begin one of pgbench's variables, in a string too.
    """
    name = "lpad(:n::text, 20, '0') || lpad(:client_id::text, 16, '0')"
    rows = ",".join(
        f"('account-' || {name}, {version}, '{TOPIC}', '{document}')"
        for version, document in enumerate(_documents(), 1)
    )
    ids = ",".join(f'"account-{uuid7()}@{version}"' for version in range(1, len(SAID) + 1))
    return f"""with added as (
        insert into events (originator_id, originator_version, topic, state) values {rows}
    )
    insert into keys (key, digest, events, position)
    values ('{KEY.replace(":", ".")}' || {name}, '\\x{bytes(16).hex()}', '[{ids}]', :n);
    """.replace("\n", " ")  # noqa: S608 - nothing but our own constants is inlined


def _documents() -> Iterator[str]:
    stream = accounts.stream(str(uuid7()))
    for version, event in enumerate(SAID, 1):
        now = datetime.now(UTC)
        recorded = Recorded(event, "bank", stream, version, 0, now, writing.CAUSE)
        yield f"\\x{encode(recorded).hex()}"


if __name__ == "__main__":
    alone(measure)
