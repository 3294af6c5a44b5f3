"""What a service shows: its projections, and who reads them."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from ecommerce.bus.connection import OUTAGES, pauses
from ecommerce.bus.history import newest, read_history
from ecommerce.projections.reader import Reader
from ecommerce.projections.runner import Projector
from ecommerce.service.place import Part, Place
from ecommerce.store import log

_log = structlog.get_logger()


class ReadSide:
    """The projections of a process and who reads them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        context, settings = place.context, place.settings
        name = f"{context.name} projections {place.instance}"
        history = partial(read_history, settings.amqp_url, name=name)
        self._projector = Projector(
            context.name, context.projections, place.database, settings.database_url, history
        )
        self.wake = self._projector.wake
        self.reader = Reader(place.database, context.projections)
        self._at_start: dict[str, int] | None = None

    def parts(self) -> list[Part]:
        """List what runs in the background."""
        return [self._projector.run(), self._look_ahead()]

    async def checks(self) -> dict[str, bool | str]:
        """Say of each projection whether it holds all that there was when the process began."""
        if self._at_start is None:
            return {"projections": "the heads of the logs are not known yet"}
        return await self._projector.checks(self._at_start)

    async def _look_ahead(self) -> None:
        waits = pauses()
        while self._at_start is None:
            try:
                self._at_start = await self._heads()
            except OUTAGES as error:
                _log.warning("service.waits_for_heads", error=repr(error))
                await asyncio.sleep(next(waits))

    async def _heads(self) -> dict[str, int]:
        context, settings = self._place.context, self._place.settings
        heads = await newest(settings.amqp_url, context.member.histories)
        async with self._place.database.connection() as connection:
            return {**heads, context.name: await log.head(connection)}
