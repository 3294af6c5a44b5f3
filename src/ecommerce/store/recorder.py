"""The event log as the library `eventsourcing` knows it, without its table lock and functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.rows import DictRow
from psycopg.sql import SQL

KEY = "hashtext('ecommerce.events')"
LOCK = f"select pg_advisory_xact_lock({KEY})"
"""Taken by every writer before its first event: positions then appear in the order of commits."""


def insert(columns: str, condition: str = "true") -> str:
    """Write the statement that adds events, given four arrays: stream, version, topic, document."""
    return f"""insert into public.events (originator_id, originator_version, topic, state)
    select stream, version, topic, document
    from unnest({columns}) with ordinality as e(stream, version, topic, document, n)
    where {condition} order by n returning notification_id"""  # noqa: S608 - no value is inlined


class Recorder(PostgresApplicationRecorder):
    """Reads and writes the same table as the command loop, under the same lock."""

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = "events") -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self.sql_create_statements = [
            statement
            for statement in self.sql_create_statements
            if not {"TYPE", "FUNCTION"} & set(statement.as_string().split())
        ]
        datastore.db_type_names.clear()
        self.lock_table_statements = [SQL(LOCK)]
        self.insert_events_statement = SQL(
            insert("%s::text[], %s::bigint[], %s::text[], %s::bytea[]")
        ).format()

    def _insert_stored_events(
        self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **_: Any
    ) -> None:
        self._lock_table(curs)
        curs.execute(
            self.insert_events_statement,
            (
                [event.originator_id for event in stored_events],
                [event.originator_version for event in stored_events],
                [event.topic for event in stored_events],
                [event.state for event in stored_events],
            ),
            prepare=True,
        )
