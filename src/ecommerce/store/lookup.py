"""The one statement that reads what a batch needs to know, and what it finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from struct import unpack
from typing import Final

import msgspec
from psycopg.pq.abc import PGresult

from ecommerce.kernel import Value
from ecommerce.store.arrays import numbers, texts
from ecommerce.store.batch import Known
from ecommerce.store.unit import Answer

# A snapshot that is ahead of the log is none: the log was put back.
PREPARE: Final = """
prepare lookup (text[], bigint[], text[], text[]) as
with wanted as materialized (
    select s.stream, coalesce(k.version, s.since) as since, k.state
    from unnest($1, $2, $3) as s (stream, since, shape)
    left join lateral (
        select version, state from snapshots
        where snapshots.stream = s.stream and version > s.since and snapshots.shape = s.shape
            and exists (
                select from events
                where originator_id = s.stream and originator_version = snapshots.version
            )
    ) k on true
)
select 's', stream, since, state, null::bytea, null::text
from wanted where state is not null
union all
select 'e', wanted.stream, e.originator_version, e.state, null, null
from wanted cross join lateral (
    select originator_version, state from events
    where originator_id = wanted.stream and originator_version > wanted.since
    order by originator_version
) e
union all
select 'k', k.key, k.position, null, k.digest, k.events::text
from unnest($4) as wanted (key) cross join lateral (
    select * from keys where keys.key = wanted.key limit 1
) k
"""


class Found(Value, frozen=True):
    """What the log says: new events of the streams asked for, and which keys were used."""

    events: Mapping[str, Sequence[tuple[int, bytes]]]
    keys: Mapping[str, Known]
    snapshots: Mapping[str, tuple[int, bytes]] = {}
    """States from which to read on, with their versions."""


def wanted(versions: Mapping[str, int], shapes: Sequence[str], keys: Sequence[str]) -> list[bytes]:
    """List the statement's parameters, in PostgreSQL's binary format."""
    return [texts(versions), numbers([*versions.values()]), texts(shapes), texts(keys)]


def found(result: PGresult) -> Found:
    """Read the statement's rows, in PostgreSQL's binary format."""
    events, keys = defaultdict[str, list[tuple[int, bytes]]](list), {}
    snapshots = {}
    for row in range(result.ntuples):
        kind, name, number, state, digest, ids = (
            result.get_value(row, column) or b"" for column in range(6)
        )
        (version,) = unpack("!q", number)
        match kind:
            case b"e":
                events[name.decode()].append((version, state))
            case b"s":
                snapshots[name.decode()] = version, state
            case _:
                answer = Answer(tuple(msgspec.json.decode(ids)), version, replayed=True)
                keys[name.decode()] = Known(digest, answer)
    return Found(events, keys, snapshots)
