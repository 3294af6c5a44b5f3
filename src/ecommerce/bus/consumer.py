"""Consumes an instance's share of its context's queues, and acknowledges after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from aio_pika.abc import AbstractConnection

from ecommerce.bus.connection import first_of, is_outage, supervise, wait
from ecommerce.bus.inbox import Inbox
from ecommerce.bus.intake import Intake, open_intake
from ecommerce.bus.member import Member
from ecommerce.bus.persisting import RETRIES
from ecommerce.bus.reaction import Reaction
from ecommerce.bus.sharing import BEAT, beat, leave, share
from ecommerce.bus.topology import queue
from ecommerce.store.connection import Pool
from ecommerce.store.unit import Submit

_LOOK: Final = 0.1
"""Seconds between two looks at whether the share has changed."""

_log = structlog.get_logger()


class Consumer:
    """One instance's consumer. `instance` is its name among the running ones of its context."""

    def __init__(
        self,
        member: Member,
        amqp_url: str,
        pool: Pool,
        submit: Submit,
        instance: str,
        retries: Sequence[float] = RETRIES,
    ) -> None:
        self._queues = [queue(member.name, number) for number in range(member.queues)]
        self._reaction = Reaction(member)
        self._amqp_url = amqp_url
        self._pool = pool
        self._submit = submit
        self._retries = retries
        self._instance = instance
        self._name = f"{member.name} consumer {instance}"
        self._stop = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._intakes: dict[str, Intake] = {}
        self._share: set[str] | None = None

    @property
    def connected(self) -> bool:
        """Say whether all queues of this instance's share are being consumed."""
        lost = any(intake.lost for intake in self._intakes.values())
        return self._share is not None and self._intakes.keys() == self._share and not lost

    async def run(self) -> None:
        """Consume until drained or cancelled."""
        self._stopped.clear()
        try:
            await supervise(self._amqp_url, self._name, self._session, self._stop)
        finally:
            self._stopped.set()

    async def drain(self) -> None:
        """Finish what is running, leave the rest to others, and end `run`."""
        self._stop.set()
        await self._stopped.wait()

    async def _session(self, connection: AbstractConnection) -> None:
        try:
            # To let go of a queue takes as long as its messages do; the heart must beat meanwhile.
            await first_of(self._beat(), self._follow(connection))
            await self._leave()
        finally:
            self._intakes, self._share = {}, None

    async def _follow(self, connection: AbstractConnection) -> None:
        while not self._stop.is_set():
            await self._follow_share(connection)
            await wait(self._stop, _LOOK)
        await asyncio.gather(*(intake.close() for intake in self._intakes.values()))

    async def _follow_share(self, connection: AbstractConnection) -> None:
        if any(intake.lost for intake in self._intakes.values()):
            raise ConnectionError("the broker has ended a consumer")
        wanted = self._share or set()
        for name in sorted(self._intakes.keys() - wanted):
            await self._intakes.pop(name).close()
        for name in sorted(wanted - self._intakes.keys()):
            inbox = Inbox(self._reaction, self._pool, self._submit, self._retries)
            self._intakes[name] = await open_intake(connection, name, inbox)

    async def _beat(self) -> None:
        while True:
            await self._renew_share()
            await asyncio.sleep(BEAT)

    async def _renew_share(self) -> None:
        try:
            live = await beat(self._pool, self._instance)
        except Exception as error:
            if not is_outage(error):
                raise
            # The share stays: messages are held, and none is sent back to the broker for this.
            _log.warning("consumer.unseen", error=repr(error))
        else:
            self._share = share(self._queues, live, self._instance)

    async def _leave(self) -> None:
        try:
            await leave(self._pool, self._instance)
        except Exception as error:
            if not is_outage(error):
                raise
