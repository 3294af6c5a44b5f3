"""Logs as one JSON document a line, set up once for each process."""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec
import structlog

QUIET = ("aio_pika", "aiormq")
"""Libraries that log each lost connection with its stack; whoever reconnects says so in a line."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up(service: str, level: str = "info") -> None:
    """Write what this process logs to standard output, under the service's name."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer(serializer=_to_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(level, 20)),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    _take_in_libraries(shared)


def _take_in_libraries(shared: list[structlog.typing.Processor]) -> None:
    """Write what libraries log the same way, from warnings on."""
    renderer = structlog.processors.JSONRenderer(
        serializer=lambda *a, **k: _to_json(*a, **k).decode()
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)


def _to_json(line: Any, **_: Any) -> bytes:
    return msgspec.json.encode(line, enc_hook=str)
