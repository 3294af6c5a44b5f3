"""The library's recorder and the command loop keep one and the same log."""

from __future__ import annotations

import sys
from unittest import TestCase
from unittest.mock import MagicMock, patch
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from accounts import Deposit, Overdrawn, Take
from ecommerce.store.recorder import Recorder
from writing import empty_database, looping, rows, unit, versions

# The library's test cases import a cipher of a package that we do not have; recorders need none.
with patch.dict(sys.modules, {"eventsourcing.cipher": MagicMock()}):
    from eventsourcing.tests.persistence import (
        ApplicationRecorderTestCase,
        NonInterleavingNotificationIDsBaseCase,
    )

pytestmark = pytest.mark.servers

COLUMNS = """select column_name, data_type, column_default from information_schema.columns
    where table_name = 'events' order by column_name"""
FUNCTIONS = "select proname from pg_proc where pronamespace = 'public'::regnamespace"
TYPES = """select typname from pg_type left join pg_class on pg_class.oid = typrelid
    where typnamespace = 'public'::regnamespace and typtype = 'c' and relkind = 'c'"""
INDEXES = "select indexdef from pg_indexes where tablename = 'events' order by indexname"


def datastore(url: str) -> PostgresDatastore:
    parts = conninfo_to_dict(url)
    return PostgresDatastore(
        dbname=str(parts["dbname"]),
        host=str(parts["host"]),
        port=str(parts["port"]),
        user=str(parts["user"]),
        password=str(parts.get("password", "")),
        pool_size=4,
        originator_id_type="text",
    )


async def test_the_migration_s_table_is_the_library_s(postgres: str, url: str) -> None:
    with empty_database(postgres) as other:
        with datastore(other) as store:
            PostgresApplicationRecorder(store, events_table_name="events").create_table()
        assert await rows(url, COLUMNS) == await rows(other, COLUMNS)
        assert await rows(url, INDEXES) == await rows(other, INDEXES)


async def test_the_recorder_makes_no_function_and_no_type(postgres: str) -> None:
    with empty_database(postgres) as other:
        with datastore(other) as store:
            Recorder(store).create_table()
        assert await rows(other, COLUMNS) != []
        assert await rows(other, FUNCTIONS) == []
        assert await rows(other, TYPES) == []


async def test_the_recorder_reads_what_the_loop_writes_and_the_loop_what_it_writes(
    url: str,
) -> None:
    with datastore(url) as store:
        recorder = Recorder(store)
        async with looping(url) as loop:
            await loop.submit(unit(Deposit("a", 5)))
            (stored,) = recorder.select_events("account-a")
            again = StoredEvent(
                "account-a", 2, stored.topic, stored.state.replace(b"account-a@1", b"account-a@2")
            )
            assert recorder.insert_events([again]) == [2]
            await loop.submit(unit(Take("a", 10)))
            with pytest.raises(Overdrawn):
                await loop.submit(unit(Take("a", 1)))
            with pytest.raises(IntegrityError):
                recorder.insert_events([again])
        assert [notice.id for notice in recorder.select_notifications(1, 10)] == [1, 2, 3]
    assert await versions(url, "a") == [1, 2, 3]


class Contract(TestCase):
    """Gives the library's own test cases a recorder on an empty log."""

    url: str

    def setUp(self) -> None:
        self.store = datastore(self.url)
        self.addCleanup(self.store.close)

    def new_originator_id(self) -> str:
        return f"account-{uuid4()}"

    def create_recorder(self) -> Recorder:
        return Recorder(self.store)


@pytest.fixture
def _contract(url: str) -> None:
    Contract.url = url


@pytest.mark.usefixtures("_contract")
class TestApplicationRecorder(Contract, ApplicationRecorderTestCase[Recorder]):
    pass


@pytest.mark.usefixtures("_contract")
class TestNonInterleavingNotificationIDs(Contract, NonInterleavingNotificationIDsBaseCase):
    insert_num = 100
