"""Links a context's events, each by the position of the one published before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import structlog
from aiormq.abc import DeliveredMessage

_log = structlog.get_logger()

Page: TypeAlias = list[tuple[int, bytes]]
"""Position and document of some events, in unbroken order."""


class Chain:
    """Links events, each by the position of the one published before it, from a position on."""

    def __init__(self, source: str, position: int) -> None:
        self._source = source
        self.in_gap = False
        self.position = position

    def link(self, messages: Iterable[DeliveredMessage]) -> Page:
        """Give what follows without a gap; leave out what was given before or comes too early."""
        page: Page = []
        for message in messages:
            position, previous = self._numbers(message)
            if position <= self.position:
                continue
            self._note_gap(previous > self.position, found=position)
            if not self.in_gap:
                self.position = position
                page.append((position, message.body))
        return page

    def _numbers(self, message: DeliveredMessage) -> tuple[int, int]:
        told = message.header.properties
        headers = told.headers or {}
        position, previous = headers.get("position"), headers.get("previous")
        if told.user_id == self._source and isinstance(position, int):
            return position, previous if isinstance(previous, int) else position
        _log.error("history.foreign", source=self._source, message=told.message_id)
        return 0, 0

    def _note_gap(self, in_gap: bool, found: int) -> None:  # noqa: FBT001 - what is noted
        # Nothing may be skipped: after a restore the source publishes again from there on.
        if in_gap and not self.in_gap:
            _log.error("history.gap", source=self._source, after=self.position, found=found)
        if self.in_gap and not in_gap:
            _log.info("history.gap_closed", source=self._source, after=self.position)
        self.in_gap = in_gap
