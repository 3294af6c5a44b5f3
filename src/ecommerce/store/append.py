"""The one statement that records a batch, and how a batch becomes its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import pack
from typing import Final

import msgspec

from ecommerce.kernel import Value
from ecommerce.store.batch import Batch
from ecommerce.store.recorder import insert

PREPARE: Final = f"""
prepare append (
    text[], bigint[],
    text[], bigint[], text[], bytea[],
    text[], bytea[], text[], bigint[],
    text[], text[], bytea[], bigint[],
    text[], text[], bytea[], bigint[], bigint[],
    text[], text[], text[], text[]
) as with
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
),
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
select case when open then 1 else 0 end::bigint, head, coalesce(first, 0) from gate, log
"""  # noqa: S608 - nothing but another statement is inlined
"""Checks what the batch read, and records all of it or nothing. Run once for each connection."""


_BYTEA, _INT8, _TEXT = 17, 20, 25  # element types, as numbered in pg_type


class Appended(Value, frozen=True):
    """Where a batch was appended: after `head`, its own first event at `first`."""

    head: int
    first: int

    def position(self, count: int) -> int:
        """Say where the log stood after so many events of the batch."""
        return self.first + count - 1 if count else self.head


def parameters(batch: Batch) -> list[bytes]:
    """List the statement's parameters, in PostgreSQL's binary format."""
    events, keys, calls, timers = batch.events, batch.keys, batch.calls, batch.timers
    return [
        _texts(batch.reads),
        _numbers(batch.reads.values()),
        _texts(event.stream for event in events),
        _numbers(event.version for event in events),
        _texts(event.topic for event in events),
        _array(_BYTEA, [event.document for event in events]),
        _texts(pending.unit.key for pending in keys),
        _array(_BYTEA, [pending.unit.digest for pending in keys]),
        _array(_TEXT, [msgspec.json.encode(pending.events) for pending in keys]),
        _numbers(pending.count for pending in keys),
        _texts(call.id for call in calls),
        _texts(call.stream for call in calls),
        _array(_BYTEA, [call.document for call in calls]),
        _numbers(call.count for call in calls),
        _texts(event.id for event, _ in timers),
        _texts(event.stream for event, _ in timers),
        _array(_BYTEA, [event.document for event, _ in timers]),
        _numbers(event.count for event, _ in timers),
        _numbers(seconds for _, seconds in timers),
        _texts(batch.withdrawn),
        _texts(batch.ended),
        _texts(batch.settled_calls),
        _texts(batch.settled_timers),
    ]


def _texts(items: Iterable[str]) -> bytes:
    return _array(_TEXT, [item.encode() for item in items])


def _numbers(items: Iterable[int]) -> bytes:
    return _array(_INT8, [pack("!q", item) for item in items])


def _array(element: int, items: Sequence[bytes]) -> bytes:
    """Write a list as PostgreSQL's binary array: dimensions, nulls, element type, size, from 1."""
    if not items:
        return pack("!iiI", 0, 0, element)
    parts = [pack("!iiIii", 1, 0, element, len(items), 1)]
    for item in items:
        parts += (pack("!i", len(item)), item)
    return b"".join(parts)
