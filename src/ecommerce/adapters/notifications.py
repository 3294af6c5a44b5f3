"""Sends the mails that notifications owes, and tells what became of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, TypeAlias

from ecommerce.adapters.breaker import Breaker, guard
from ecommerce.adapters.mails import BadAddress, write
from ecommerce.adapters.smtp import ACCEPTED, MailServer, mail_server
from ecommerce.aggregates.notifications import CompleteNotification, FailNotification
from ecommerce.events.notifications import NotificationQueued
from ecommerce.kernel import Event
from ecommerce.store.calls import Call
from ecommerce.store.envelope import Recorded

Outcome: TypeAlias = CompleteNotification | FailNotification

FAILURES: Final = 5
REOPENS_AFTER: Final = timedelta(seconds=5)
FOR_GOOD: Final = 500
"""SMTP's codes from here on are a refusal for good; those below ask to come again."""


class PutOff(Exception):
    """The mail server takes this mail later."""


@asynccontextmanager
async def calls(url: str, sender: str) -> AsyncIterator[Mapping[type[Event], Call]]:
    """Give the handlers of this context's calls, over one kept connection and one breaker."""
    breaker = Breaker(
        fail_max=FAILURES, timeout_duration=REOPENS_AFTER, exclude=[PutOff], name="mail server"
    )
    async with mail_server(url, sender.rpartition("@")[2]) as server:
        yield {NotificationQueued: send(server, breaker, sender)}


def send(server: MailServer, breaker: Breaker, sender: str) -> Call:
    """Make the handler of `NotificationQueued`.

    A mail may be handed over twice, under the same Message-ID. Neither the outcome nor what is
    raised says to whom it went.
    """

    async def handle(recorded: Recorded[NotificationQueued], _key: str) -> Outcome:
        about = recorded.event.about
        try:
            letter = write(recorded.event.mail, about, sender)
        except BadAddress:
            return FailNotification(about, "The address is not one that mail can be sent to.")
        code = await guard(breaker, server.send, letter)
        if code == ACCEPTED:
            return CompleteNotification(about)
        if code >= FOR_GOOD:
            return FailNotification(about, f"The mail server refused the mail ({code}).")
        raise PutOff(f"The mail server wants the mail later ({code}).")

    return handle
