"""The statement that records a batch, and how a batch becomes its parameters."""

from __future__ import annotations

from typing import Final

import msgspec

from ecommerce.kernel import Value
from ecommerce.store.arrays import blobs, documents, numbers, texts
from ecommerce.store.batch import Batch
from ecommerce.store.recorder import insert

_LOG: Final = f"""
stale as materialized (
    select from unnest($1, $2) as r (stream, version)
    where version <> coalesce((
        select originator_version from events where originator_id = stream
        order by originator_version desc limit 1
    ), 0)
    union all
    select from unnest($7) as wanted (key)
    where exists (select from keys where keys.key = wanted.key)
),
gate as materialized (select not exists (select from stale) as open),
added as ({insert("$3, $4, $5, $6", "(select open from gate)")}),
log as materialized (
    select (select coalesce(max(notification_id), 0) from events) as head,
        (select min(notification_id) from added) as first
),
remembered as (
    insert into keys (key, digest, events, position)
    select key, digest, events::json, case count when 0 then head else first + count - 1 end
    from unnest($7, $8, $9, $10) as k (key, digest, events, count), gate, log where open
)
"""  # noqa: S608 - nothing but another statement is inlined

_EFFECTS: Final = """
called as (
    insert into calls (id, stream, event, position)
    select id, stream, event, first + count - 1
    from unnest($11, $12, $13, $14) as c (id, stream, event, count), gate, log where open
),
timed as (
    insert into timers (id, stream, event, position, due)
    select id, stream, event, first + count - 1, (select seconds from clock) + seconds
    from unnest($15, $16, $17, $18, $19) as t (id, stream, event, count, seconds), gate, log
    where open
),
withdrawn as (
    delete from calls
    where stream = any($20) and attempts = 0 and (select open from gate)
),
ended as (delete from timers where stream = any($21) and (select open from gate)),
settled_calls as (delete from calls where id = any($22) and (select open from gate)),
settled_timers as (delete from timers where id = any($23) and (select open from gate))
"""

_ANSWER: Final = """
select case when open then 1 else 0 end::bigint, head, coalesce(first, 0) from gate, log
"""

_LOG_TYPES: Final = """
text[], bigint[], text[], bigint[], text[], bytea[], text[], bytea[], text[], bigint[]
"""
_EFFECTS_TYPES: Final = """
text[], text[], bytea[], bigint[], text[], text[], bytea[], bigint[], bigint[],
text[], text[], text[], text[]
"""

PREPARE: Final = f"""
prepare append ({_LOG_TYPES}) as with {_LOG} {_ANSWER};
prepare append_with_effects ({_LOG_TYPES}, {_EFFECTS_TYPES}) as with {_LOG}, {_EFFECTS} {_ANSWER}
"""
"""Checks what the batch read, and records all of it or nothing. Run once for each connection.

Most batches have no effects, and those parts of a statement cost something even if there are none.
"""


class Appended(Value, frozen=True):
    """Where a batch was appended: after `head`, its own first event at `first`."""

    head: int
    first: int

    def position(self, count: int) -> int:
        """Say where the log stood after so many events of the batch."""
        return self.first + count - 1 if count else self.head


def append(batch: Batch) -> tuple[bytes, list[bytes]]:
    """Name the statement, and list its parameters in PostgreSQL's binary format."""
    if batch.has_effects:
        return b"append_with_effects", _log(batch) + _effects(batch)
    return b"append", _log(batch)


def _log(batch: Batch) -> list[bytes]:
    events, keys = batch.events, batch.keys
    return [
        texts(batch.reads),
        numbers([*batch.reads.values()]),
        texts(event.stream for event in events),
        numbers([event.version for event in events]),
        texts(event.topic for event in events),
        blobs([event.document for event in events]),
        texts(pending.unit.key for pending in keys),
        blobs([pending.unit.digest for pending in keys]),
        documents([msgspec.json.encode(pending.events) for pending in keys]),
        numbers([pending.count for pending in keys]),
    ]


def _effects(batch: Batch) -> list[bytes]:
    calls, timers = batch.calls, batch.timers
    return [
        texts(call.id for call in calls),
        texts(call.stream for call in calls),
        blobs([call.document for call in calls]),
        numbers([call.count for call in calls]),
        texts(event.id for event, _ in timers),
        texts(event.stream for event, _ in timers),
        blobs([event.document for event, _ in timers]),
        numbers([event.count for event, _ in timers]),
        numbers([seconds for _, seconds in timers]),
        texts(batch.withdrawn),
        texts(batch.ended),
        texts(batch.settled_calls),
        texts(batch.settled_timers),
    ]
