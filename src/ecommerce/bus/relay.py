"""The outbox is the log itself: one relay per context publishes it, in order, event by event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from aio_pika.abc import AbstractConnection
from psycopg import AsyncConnection

from ecommerce.bus.connection import first_of, supervise, wait
from ecommerce.bus.election import IDLE, PING, elected, ping
from ecommerce.bus.publishing import Publish, publishing, send
from ecommerce.bus.reached import Reached, advance, reached, standing
from ecommerce.bus.topology import exchange
from ecommerce.faults import reach
from ecommerce.store import log
from ecommerce.store.connection import Connection, arguments
from ecommerce.store.envelope import published_topics
from ecommerce.store.gathering import rest
from ecommerce.store.log import Entry

PAGE: Final = 200
POLL: Final = 0.2
"""Seconds between two looks at the log when nothing wakes the relay."""

STALE: Final = 5.0
"""Seconds after which a relay that has confirmed nothing of what there is counts as stuck."""

_TELL: Final = "notify relay"
_HEAR: Final = "listen relay"


class Relay:
    """Publishes the log of one context while it leads, and stands by otherwise.

    `wake` says that this process has recorded something; the instance's name is what
    `election.leader` answers (no spaces). An event is published again where its confirmation was
    lost: at least once, and never after a later one that nobody had published before.
    """

    def __init__(
        self, context: str, amqp_url: str, database_url: str, instance: str, wake: asyncio.Event
    ) -> None:
        self._context = context
        self._topics = frozenset(published_topics(context))
        self._amqp_url = amqp_url
        self._database_url = database_url
        self._name = f"{context} relay {instance}"
        self._wake = wake
        self._standing: int | None = None
        self._advanced_at = -STALE
        self.leading = False

    @property
    def advancing(self) -> bool:
        """Say whether all that the context recorded is published, by whichever relay, or goes on.

        It is not where the broker takes nothing, as in an alarm for memory or disk, and not before
        this relay has had a look.
        """
        return asyncio.get_running_loop().time() - self._advanced_at < STALE

    async def run(self) -> None:
        """Publish until cancelled."""
        await supervise(self._amqp_url, self._name, self._session)

    async def _session(self, broker: AbstractConnection) -> None:
        async with self._elected() as lock:
            channel = await broker.channel(on_return_raises=True)
            publish = await publishing(channel, exchange(self._context))
            async with await self._connect() as pages, await self._connect() as ear:
                work = self._publish(lock, pages, publish)
                await first_of(work, self._listen(ear), ping(lock))

    @asynccontextmanager
    async def _elected(self) -> AsyncIterator[Connection]:
        # A leader that is stopped loses its session, and with it both the lock and the position.
        # A position that a crash of the database forgets is only published from once more.
        settings = {"idle_session_timeout": IDLE, "synchronous_commit": "off"}
        async with await self._connect(**settings) as lock:
            while not await elected(lock):
                await self._stand_by(lock)
            self.leading = True
            try:
                yield lock
            finally:
                self.leading = False

    async def _connect(self, **settings: str) -> Connection:
        return await AsyncConnection.connect(
            self._database_url, application_name=self._name, **arguments(**settings)
        )

    async def _stand_by(self, connection: Connection) -> None:
        position, at_head = await standing(connection)
        if at_head or position != self._standing:
            self._note_advance()
        self._standing = position
        if await wait(self._wake, PING):
            self._wake.clear()
            await connection.execute(_TELL)

    async def _listen(self, connection: Connection) -> None:
        await connection.execute(_HEAR)
        async for _ in connection.notifies():
            self._wake.set()

    async def _publish(self, lock: Connection, pages: Connection, publish: Publish) -> None:
        since: Reached | None = None
        while True:
            self._wake.clear()
            began = monotonic()
            since = since or await reached(lock)
            page = await log.read(pages, since.position, PAGE)
            if page:
                since = await self._forward(lock, publish, page, since)
            self._note_advance()
            if page and len(page) < PAGE:
                await rest(began)
            # Who records says so; for who ended between the two, and for who sets the relay back,
            # we look by ourselves.
            if since and len(page) < PAGE and not (await wait(self._wake, POLL) and page):
                since = None

    async def _forward(
        self, lock: Connection, publish: Publish, page: Sequence[Entry], since: Reached
    ) -> Reached | None:
        """Publish a page, and say how far that is: nothing where we were set back meanwhile."""
        to, failure = await send(publish, page, self._topics, since.previous)
        reach("relay.published")
        advanced = await advance(lock, since, to)
        if failure:
            raise failure
        return to if advanced else None

    def _note_advance(self) -> None:
        self._advanced_at = asyncio.get_running_loop().time()
