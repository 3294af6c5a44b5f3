"""Sends several statements at once, and waits for all of their answers."""

from __future__ import annotations

from collections.abc import Callable

from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from ecommerce.store.connection import Connection


async def round_trip(
    connection: Connection, send: Callable[[], None], answers: int
) -> list[PGresult]:
    """Send everything at once and wait for so many answers. Raises the first error of them.

    psycopg's own pipeline sends each statement as it comes, and lets other tasks run between.
    """
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    results = await connection.wait(_answers(pgconn, send, answers))
    pgconn.exit_pipeline_mode()
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
    return results


def _answers(pgconn: PGconn, send: Callable[[], None], answers: int) -> PQGen[list[PGresult]]:
    send()
    while pgconn.flush():
        # The server may not go on reading before its own answers are read.
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    results: list[PGresult] = []
    while len(results) < answers:
        results += yield from fetch_many(pgconn)
    return results
