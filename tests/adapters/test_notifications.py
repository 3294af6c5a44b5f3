"""Mails on their way through the sandbox mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exception
from uuid import uuid4

import pytest
from aiosmtplib import SMTPConnectError, SMTPServerDisconnected
from msgspec.structs import replace

from ecommerce.adapters import notifications
from ecommerce.adapters.mails import message_id
from ecommerce.aggregates.notifications import CompleteNotification, FailNotification
from ecommerce.events.notifications import Mail, NotificationQueued
from ecommerce.kernel import Money
from ecommerce.store.calls import Call, NotBegun
from ecommerce.store.envelope import Cause, Recorded
from sandboxes import Mailbox, free_port, running

SENDER = "shop@shop.invalid"
MAIL = Mail("order_received", "ada@example.org", "Ada Löve", "7", Money(1999, "GBP"))

LOST = (SMTPConnectError, SMTPServerDisconnected)


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    mailbox = Mailbox(tmp_path_factory.mktemp("mailbox"))
    with running(mailbox):
        yield mailbox


@pytest.fixture
async def send(mailbox: Mailbox) -> AsyncIterator[Call]:
    async with notifications.calls(mailbox.url, SENDER) as calls:
        yield calls[NotificationQueued]


@pytest.fixture
def about() -> str:
    return f"order-{uuid4()}@1"


def queued(about: str, mail: Mail = MAIL) -> Recorded[NotificationQueued]:
    cause = Cause("order-7", about, "policy:notifications")
    event = NotificationQueued(about, mail)
    return Recorded(event, "notifications", f"notification-{about}", 1, 1, datetime.now(UTC), cause)


def kept(mailbox: Mailbox, about: str) -> int:
    return sum(mail["Message-ID"] == message_id(about, SENDER) for mail in mailbox.mails())


async def test_a_mail_arrives_as_text_and_as_html(mailbox: Mailbox, send: Call, about: str) -> None:
    assert await send(queued(about), "k/1") == CompleteNotification(about)
    (mail,) = [m for m in mailbox.mails() if m["Message-ID"] == message_id(about, SENDER)]
    assert (mail["To"], mail["Subject"]) == ("Ada Löve <ada@example.org>", "We have your order")
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


async def test_a_mail_sent_twice_arrives_once(mailbox: Mailbox, send: Call, about: str) -> None:
    for _ in range(2):
        assert await send(queued(about), "k/1") == CompleteNotification(about)
    assert kept(mailbox, about) == 1


async def test_many_mails_share_one_connection(mailbox: Mailbox, send: Call) -> None:
    abouts = [f"order-{uuid4()}@1" for _ in range(10)]
    await asyncio.gather(*(send(queued(about), "k/1") for about in abouts))
    assert [kept(mailbox, about) for about in abouts] == [1] * 10


@pytest.mark.parametrize("address", ["bounce@example.org", "nobody", "ada lovelace@example.org"])
async def test_an_address_that_is_refused_for_good_is_a_failure_that_does_not_tell_it(
    send: Call, about: str, address: str
) -> None:
    outcome = await send(queued(about, replace(MAIL, to=address)), "k/1")
    assert isinstance(outcome, FailNotification)
    assert address not in outcome.reason
    assert await send(queued(about), "k/1") == CompleteNotification(about)


async def test_a_refusal_for_now_raises_and_does_not_tell_the_address(
    send: Call, about: str, capfd: pytest.CaptureFixture[str]
) -> None:
    deferred = queued(about, replace(MAIL, to="defer@example.org"))
    for _ in range(notifications.FAILURES + 1):
        with pytest.raises(notifications.PutOff, match="451") as put_off:
            await send(deferred, "k/1")
        assert "example.org" not in "".join(format_exception(put_off.value))
    assert await send(queued(about), "k/1") == CompleteNotification(about)
    assert "example.org" not in "".join(capfd.readouterr())


async def test_a_lost_connection_is_made_anew(tmp_path: Path, about: str) -> None:
    mailbox = Mailbox(tmp_path)
    with running(mailbox):
        async with notifications.calls(mailbox.url, SENDER) as calls:
            send = calls[NotificationQueued]
            assert await send(queued(f"{about}0"), "k/1") == CompleteNotification(f"{about}0")
            assert mailbox.stop() == 0
            with pytest.raises(LOST):
                await send(queued(about), "k/1")
            mailbox.start()
            assert await send(queued(about), "k/1") == CompleteNotification(about)
    assert len(mailbox.mails()) == 2


async def test_a_dead_server_is_not_asked_again_and_again(about: str) -> None:
    async with notifications.calls(f"smtp://127.0.0.1:{free_port()}", SENDER) as calls:
        send = calls[NotificationQueued]
        for _ in range(notifications.FAILURES):
            with pytest.raises(LOST):
                await send(queued(about), "k/1")
        with pytest.raises(NotBegun):
            await send(queued(about), "k/1")
