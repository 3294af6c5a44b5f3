"""Connections to the log in memory, as the server has them: what is asked is done in steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from psycopg.errors import (
    AdminShutdown,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    OperationalError,
)

from explorer.memory_log import Log

T = TypeVar("T")

LOCK_TIMEOUT: Final = 5.0
IDLE_TIMEOUT: Final = 4.0
"""Seconds, as the real connections set them."""

GHOST: Final = "ghost"
"""Who is behind a session whose client is gone: what it was sent still happens, or does not."""


class Server:
    """The log, and who is connected to it. `steps` are what could happen next, oldest first."""

    def __init__(self) -> None:
        self.log = Log()
        self.steps: list[Step] = []
        self.sessions: list[Session] = []


class Step:
    """What happens next on a session, once it is let."""

    def __init__(self, session: Session, name: str) -> None:
        self.session = session
        self.name = name
        self.taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Session:
    """The server's side of a connection. It outlives a client that is gone by what it was sent."""

    def __init__(self, server: Server, client: str) -> None:
        self.server = server
        self.client = client
        self.locking = False
        self.ended = False
        self._task: asyncio.Task[None] | None = None
        self._reply: asyncio.Future[object] | None = None
        server.sessions.append(self)

    async def ask(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do one thing for the client, in steps. Raises `psycopg.Error`."""
        if self.ended or self.client == GHOST:
            raise OperationalError("the connection is lost")
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[T] = loop.create_future()
        self._reply = reply  # type: ignore[assignment] # whatever it will be
        self._task = loop.create_task(self._serve(name, work, reply))
        return await reply

    async def _serve(
        self, name: str, work: Callable[[], Awaitable[T]], reply: asyncio.Future[T]
    ) -> None:
        try:
            await self.step(f"{name} arrives")
            result = await work()
            await self.step(f"{name} is answered")
            if not reply.done():
                reply.set_result(result)
        except Exception as error:  # noqa: BLE001 - the client's to deal with
            self.end()
            if not reply.done():
                reply.set_exception(error)
        finally:
            if self.client == GHOST:
                self.end()

    async def step(self, name: str) -> None:
        """Wait to be let; not for long with the lock."""
        step = Step(self, name)
        self.server.steps.append(step)
        try:
            async with asyncio.timeout(IDLE_TIMEOUT if self.locking else None):
                await step.taken
        except TimeoutError:
            raise IdleInTransactionSessionTimeout from None
        finally:
            if step in self.server.steps:
                self.server.steps.remove(step)

    async def lock(self) -> None:
        """Wait for the log's lock; not for long."""
        try:
            async with asyncio.timeout(LOCK_TIMEOUT):
                await self.server.log.lock.acquire()
        except TimeoutError:
            raise LockNotAvailable from None
        self.locking = True

    def unlock(self) -> None:
        """End the transaction."""
        if self.locking:
            self.locking = False
            self.server.log.lock.release()

    def leave(self) -> None:
        """Lose the client, who hears of nothing any more but of that."""
        self.client = GHOST
        if self._reply and not self._reply.done():
            self._reply.set_exception(OperationalError("the connection is lost"))
        if not self._task or self._task.done():
            self.end()

    def kill(self) -> None:
        """End at once, whatever is under way."""
        if self._task and not self._task.done():
            self._task.cancel()
        if self._reply and not self._reply.done():
            self._reply.set_exception(AdminShutdown())
        self.end()

    def end(self) -> None:
        """Roll back what was not committed."""
        self.unlock()
        if not self.ended:
            self.ended = True
            self.server.sessions.remove(self)
